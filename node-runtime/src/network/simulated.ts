// A network of many nodes in one process, for tests and the simulator. All delivery goes through the clock and all chance
// through the random source it is given, so a seed reproduces a run. Faults are set on `faults`, or decided per packet by
// a `judge`. Streams are reliable and ordered, as over TCP: loss shows as latency there, a partition as a reset.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { silentLogger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import { NetworkError } from './errors.ts'
import { SIMULATED_RESEND_MS } from './limits.ts'
import type { Network, PeerId } from './network.ts'
import { type Packet, SimulatedNode, type SimulatedNodeOptions, type SimulatedWorld } from './simulated-node.ts'

/** What happens to one packet. `copies` above 1 duplicates gossip; streams and control ignore it. */
export interface Verdict {
  readonly delayMs: number
  readonly lost: boolean
  readonly copies: number
}

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
  readonly #nodes = new Map<PeerId, SimulatedNode>()
  readonly #places = new Map<string, SimulatedNode>()
  /** Each node's side of a partition; nodes on different sides do not reach each other. */
  #sides = new Map<PeerId, number>()
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

  heal(): void {
    this.#sides = new Map()
  }

  reachable(from: PeerId, to: PeerId): boolean {
    return (this.#sides.get(from) ?? 0) === (this.#sides.get(to) ?? 0)
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
    const verdict = this.#verdictOf(packet)
    if (verdict.lost || !this.reachable(packet.from, packet.to)) {
      this.stats.lost += 1
      return
    }
    for (let copy = 0; copy < verdict.copies; copy++) {
      this.clock.setTimer(() => this.#arrive(packet, deliver), verdict.delayMs + copy)
    }
  }

  /** Ordered and reliable for the pair: a lost packet is sent again. Across a partition it never arrives. */
  sendOrdered(packet: Packet, deliver: () => void): void {
    let { delayMs, lost } = this.#verdictOf(packet)
    for (let tries = 0; lost && tries < 16; tries++) {
      const again = this.#verdictOf(packet)
      delayMs += SIMULATED_RESEND_MS + again.delayMs
      lost = again.lost
    }
    const pair = `${packet.from}>${packet.to}`
    const now = this.clock.nowMs()
    const arrivalMs = Math.max(now + delayMs, this.#lastArrivalMs.get(pair) ?? 0)
    this.#lastArrivalMs.set(pair, arrivalMs)
    this.clock.setTimer(() => this.#arrive(packet, deliver), arrivalMs - now)
  }

  #arrive(packet: Packet, deliver: () => void): void {
    if (!this.reachable(packet.from, packet.to)) {
      this.stats.lost += 1
      return
    }
    this.stats.delivered += 1
    deliver()
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
