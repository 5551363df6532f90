// A network of many nodes in one process, for tests and the simulator. All delivery goes through the clock and all chance
// through the random source it is given, so a seed reproduces a run. Faults are set on `faults`, or decided per packet by
// a `judge`. Streams are reliable and ordered, as over TCP: loss shows as latency there, a partition as a reset, and a
// blocked way as silence, until what was held back arrives late or the connection is given up for dead.
import type { Bytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { silentLogger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { NetworkError } from '../errors.ts'
import { PING_TIMEOUT_MS, SIMULATED_RESEND_MS } from '../limits.ts'
import type { Network, PeerId } from '../network.ts'
import { SimulatedNode, type SimulatedNodeOptions, type SimulatedWorld } from './simulated-node.ts'
import type { Packet, Verdict } from './simulated-packet.ts'

/** Chances are per packet, in [0, 1]. Delays are uniform between the two bounds, so packets overtake each other. */
export interface Faults {
  minDelayMs: number
  maxDelayMs: number
  loss: number
  duplicate: number
}

export interface SimulatedOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
  readonly faults?: Partial<Faults>
  /** Decides instead of `faults`. */
  readonly judge?: (packet: Packet) => Verdict
  /** Sees every packet when it is sent, arrives, or is lost for good. */
  readonly observe?: (packet: Packet, fate: 'sent' | 'arrived' | 'lost') => void
}

export interface SimulatedStats {
  delivered: number
  lost: number
}

export class SimulatedNetwork implements SimulatedWorld {
  readonly faults: Faults
  readonly stats: SimulatedStats = { delivered: 0, lost: 0 }
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly #judge: SimulatedOptions['judge']
  readonly #observe: NonNullable<SimulatedOptions['observe']>
  readonly #nodes = new Map<PeerId, SimulatedNode>()
  readonly #places = new Map<string, SimulatedNode>()
  /** Each node's side of a partition; nodes on different sides do not reach each other. */
  #sides = new Map<PeerId, number>()
  /** Pairs, in both orders, between which there is no connection. */
  readonly #cuts = new Set<string>()
  /** Ways on which nothing arrives, with what ends the wait for it. */
  readonly #blocks = new Map<string, () => void>()
  /** Ordered packets that arrived on a blocked way, in order. */
  readonly #held = new Map<string, (() => void)[]>()
  /** When the last ordered packet of a pair arrives: the next one comes no earlier. */
  readonly #lastArrivalMs = new Map<string, number>()
  readonly #providers = new Map<string, Set<PeerId>>()
  #nextPlace = 1
  #nextEpoch = 1

  constructor(options: SimulatedOptions) {
    this.clock = options.clock
    this.random = options.random
    this.log = options.log ?? silentLogger
    this.#judge = options.judge
    this.#observe = options.observe ?? (() => {})
    this.faults = { minDelayMs: 1, maxDelayMs: 1, loss: 0, duplicate: 0, ...options.faults }
  }

  /** Where the next created node will listen; lets a boot list name nodes that do not exist yet. */
  reserveAddress(): string {
    return `/memory/${this.#nextPlace++}`
  }

  createNode(options: SimulatedNodeOptions & { readonly address?: string }): Network {
    const place = options.address ?? this.reserveAddress()
    return new SimulatedNode(this, place, { networkId: 'simulated', bootAddresses: [], ...options })
  }

  /** Splits the nodes; those not named form one more side. Connections across break. */
  partition(...sides: readonly (readonly PeerId[])[]): void {
    this.#sides = new Map(sides.flatMap((side, index) => side.map((peer) => [peer, index + 1] as const)))
    for (const node of this.#nodes.values()) {
      for (const peer of node.peers()) if (!this.reachable(node.peerId, peer)) node.linkLost(peer)
    }
  }

  /** Ends the partition, every cut and every block. */
  heal(): void {
    this.#sides = new Map()
    this.#cuts.clear()
    for (const way of [...this.#blocks.keys()]) this.#unblock(way)
  }

  /** Breaks the connection of two nodes, and any they try to make, until `mend`. */
  cut(a: PeerId, b: PeerId): void {
    this.#cuts.add(wayOf(a, b)).add(wayOf(b, a))
    this.#breakLink(a, b)
  }

  mend(a: PeerId, b: PeerId): void {
    this.#cuts.delete(wayOf(a, b))
    this.#cuts.delete(wayOf(b, a))
  }

  /**
   * From now on nothing that `from` sends reaches `to`, and nobody is told. Gossip is lost; what is ordered arrives after
   * `unblock`, unless the connection was given up as dead before.
   */
  block(from: PeerId, to: PeerId): void {
    const way = wayOf(from, to)
    if (this.#blocks.has(way)) return
    const watch = () => this.#blocks.set(way, this.clock.setTimer(giveUp, PING_TIMEOUT_MS))
    const giveUp = () => {
      this.#held.delete(way)
      this.#breakLink(from, to)
      watch()
    }
    watch()
  }

  unblock(from: PeerId, to: PeerId): void {
    this.#unblock(wayOf(from, to))
  }

  isBlocked(from: PeerId, to: PeerId): boolean {
    return this.#blocks.size > 0 && this.#blocks.has(wayOf(from, to))
  }

  reachable(from: PeerId, to: PeerId): boolean {
    return (this.#sides.get(from) ?? 0) === (this.#sides.get(to) ?? 0) && !this.#isCut(from, to)
  }

  /** A gossip message for one neighbour only, from a node that tells each another story. */
  whisper(from: PeerId, to: PeerId, topic: string, data: Bytes): void {
    const packet = { from, to, kind: 'gossip', bytes: data.byteLength, data } as const
    this.sendGossip(packet, () => this.node(to)?.heard(from, topic, data))
  }

  /** As `kill -9`: its peers see their connections break, and nothing more arrives on either side. */
  crash(peer: PeerId): void {
    const node = this.#nodes.get(peer)
    if (!node) return
    this.unlist(node)
    node.vanish()
    for (const other of this.#nodes.values()) other.linkLost(peer)
  }

  /** Numbers connections, so that what is under way on a broken one does not arrive on the next. */
  newEpoch(): number {
    return this.#nextEpoch++
  }

  list(node: SimulatedNode): void {
    const taken = this.#places.get(node.place)
    if (taken && taken !== node) {
      throw new NetworkError('ADDRESS_IN_USE', `could not listen on ${node.place}: another node listens there`)
    }
    this.#nodes.set(node.peerId, node)
    this.#places.set(node.place, node)
  }

  unlist(node: SimulatedNode): void {
    if (this.#nodes.get(node.peerId) === node) this.#nodes.delete(node.peerId)
    if (this.#places.get(node.place) === node) this.#places.delete(node.place)
  }

  node(peer: PeerId): SimulatedNode | undefined {
    return this.#nodes.get(peer)
  }

  nodeAt(place: string): SimulatedNode | undefined {
    return this.#places.get(place) ?? this.#nodes.get(place.replace('/p2p/', ''))
  }

  providersOf(key: string): Set<PeerId> {
    const known = this.#providers.get(key) ?? new Set()
    this.#providers.set(key, known)
    return known
  }

  /** Unordered and unreliable. */
  sendGossip(packet: Packet, deliver: () => void): void {
    this.#observe(packet, 'sent')
    const verdict = this.#verdictOf(packet)
    if (verdict.lost || !this.reachable(packet.from, packet.to)) {
      this.#lost(packet)
      return
    }
    for (let copy = 0; copy < verdict.copies; copy++) {
      this.clock.setTimer(() => {
        if (this.isBlocked(packet.from, packet.to)) this.#lost(packet)
        else this.#arrive(packet, deliver)
      }, verdict.delayMs + copy)
    }
  }

  /** Ordered and reliable for the pair: a lost packet is sent again. Across a partition it never arrives. */
  sendOrdered(packet: Packet, deliver: () => void): void {
    this.#observe(packet, 'sent')
    let { delayMs, lost } = this.#verdictOf(packet)
    for (let tries = 0; lost && tries < 16; tries++) {
      const again = this.#verdictOf(packet)
      delayMs += SIMULATED_RESEND_MS + again.delayMs
      lost = again.lost
    }
    const way = wayOf(packet.from, packet.to)
    const now = this.clock.nowMs()
    const arrivalMs = Math.max(now + delayMs, this.#lastArrivalMs.get(way) ?? 0)
    this.#lastArrivalMs.set(way, arrivalMs)
    const arrive = () => this.#arrive(packet, deliver)
    this.clock.setTimer(() => {
      const held = this.#held.get(way)
      // Nothing overtakes what was held back.
      if (held) held.push(arrive)
      else if (this.#blocks.has(way)) this.#held.set(way, [arrive])
      else arrive()
    }, arrivalMs - now)
  }

  /** Most of the time nothing is. */
  #isCut(from: PeerId, to: PeerId): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(wayOf(from, to))
  }

  #arrive(packet: Packet, deliver: () => void): void {
    if (!this.reachable(packet.from, packet.to)) {
      this.#lost(packet)
      return
    }
    this.stats.delivered += 1
    this.#observe(packet, 'arrived')
    deliver()
  }

  #lost(packet: Packet): void {
    this.stats.lost += 1
    this.#observe(packet, 'lost')
  }

  #unblock(way: string): void {
    this.#blocks.get(way)?.()
    if (this.#blocks.delete(way)) this.clock.setTimer(() => this.#release(way), 0)
  }

  #release(way: string): void {
    if (this.#blocks.has(way)) return
    const next = this.#held.get(way)?.shift()
    if (!next) {
      this.#held.delete(way)
      return
    }
    next()
    this.clock.setTimer(() => this.#release(way), 0)
  }

  #breakLink(a: PeerId, b: PeerId): void {
    this.#nodes.get(a)?.linkLost(b)
    this.#nodes.get(b)?.linkLost(a)
  }

  #verdictOf(packet: Packet): Verdict {
    if (this.#judge) return this.#judge(packet)
    const { minDelayMs, maxDelayMs, loss, duplicate } = this.faults
    const delayMs = minDelayMs + this.random.float() * (maxDelayMs - minDelayMs)
    // Three draws for every packet, so that changing one fault does not shift the others' chances.
    const lost = this.random.float() < loss
    const copies = this.random.float() < duplicate ? 2 : 1
    return { delayMs, lost, copies }
  }
}

function wayOf(from: PeerId, to: PeerId): string {
  return `${from}>${to}`
}
