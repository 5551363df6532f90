// One node of the simulated network. Gossip is flooded along connections, with the same limits as the real one.
import { type Bytes, copyOf, toHex } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { placeOf } from '../address.ts'
import { Emitter } from '../emitter.ts'
import { assertMessageSize, NetworkError } from '../errors.ts'
import { Dialler } from '../libp2p/dialler.ts'
import {
  DIAL_DEGREE,
  INBOUND_STREAMS_PER_PROTOCOL_MAX,
  NEGOTIATE_TIMEOUT_MS,
  SIMULATED_DIAL_TIMEOUT_MS,
} from '../limits.ts'
import { meshStateOf, waitForMesh } from '../mesh-ready.ts'
import type {
  Cancel,
  Direction,
  FrameStream,
  MeshReadyOptions,
  MeshState,
  MessageListener,
  Network,
  NetworkEvents,
  NetworkStatus,
  OpenOptions,
  PeerId,
  StreamHandler,
} from '../network.ts'
import { serveStream } from '../serve-stream.ts'
import { SeenMessages } from './seen-messages.ts'
import type { Link } from './simulated-link.ts'
import type { Packet } from './simulated-packet.ts'
import { type Carry, SimulatedStream } from './simulated-stream.ts'

export interface SimulatedNodeOptions {
  readonly peerId: PeerId
  readonly bootAddresses?: readonly string[]
  readonly networkId?: string
  readonly degree?: number
}

/** What a node needs of the simulated network it lives in. */
export interface SimulatedWorld {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  list(node: SimulatedNode): void
  unlist(node: SimulatedNode): void
  node(peer: PeerId): SimulatedNode | undefined
  nodeAt(place: string): SimulatedNode | undefined
  providersOf(key: string): Set<PeerId>
  reachable(from: PeerId, to: PeerId): boolean
  isBlocked(from: PeerId, to: PeerId): boolean
  newEpoch(): number
  sendGossip(packet: Packet, deliver: () => void): void
  sendOrdered(packet: Packet, deliver: () => void): void
}

export class SimulatedNode implements Network {
  readonly peerId: PeerId
  readonly place: string
  readonly networkId: string
  readonly #world: SimulatedWorld
  readonly #degree: number
  readonly #emitter: Emitter
  readonly #dialler: Dialler
  readonly #handlers = new Map<string, StreamHandler>()
  readonly #listeners = new Map<string, MessageListener>()
  readonly #links = new Map<PeerId, Link>()
  readonly #seen: SeenMessages
  #phase: 'built' | 'started' | 'closed' = 'built'
  #nextStream = 0

  constructor(world: SimulatedWorld, place: string, options: SimulatedNodeOptions & { readonly networkId: string }) {
    this.peerId = options.peerId
    this.place = place
    this.networkId = options.networkId
    this.#world = world
    this.#degree = options.degree ?? DIAL_DEGREE
    const { clock, random, log } = world
    this.#seen = new SeenMessages(clock)
    this.#emitter = new Emitter(log)
    this.#dialler = new Dialler(
      {
        peerId: this.peerId,
        own: () => [place],
        isConnected: (peer) => this.#links.has(peer),
        connectedCount: () => this.#links.size,
        connect: (address, signal) => this.dial(address, { signal }),
      },
      { bootAddresses: options.bootAddresses ?? [], degree: this.#degree, clock, random, log },
    )
  }

  addresses(): string[] {
    return this.#phase === 'started' ? [`${this.place}/p2p/${this.peerId}`] : []
  }

  contactAddresses(): string[] {
    return this.addresses()
  }

  peers(): PeerId[] {
    return [...this.#links.keys()]
  }

  subscribers(topic: string): PeerId[] {
    return this.peers().filter((peer) => this.#links.get(peer)?.topics.has(topic))
  }

  dial(address: string, { signal }: Cancel = {}): Promise<PeerId> {
    return new Promise((resolve, reject) => {
      this.#assertRunning(`dial ${address}`)
      signal?.throwIfAborted()
      // Without a place it names a peer that the DHT knows.
      const place = placeOf(address) || address
      if (place === this.place) throw new NetworkError('SELF_DIAL', `${address} is this node itself`)
      const other = this.#world.nodeAt(place)
      let isSettled = false
      const cancelTimer = this.#world.clock.setTimer(() => settle('no answer'), SIMULATED_DIAL_TIMEOUT_MS)
      const onAbort = () => {
        reject(signal?.reason)
        settle('given up')
      }
      const settle = (failure?: string) => {
        isSettled = true
        cancelTimer()
        signal?.removeEventListener('abort', onAbort)
        if (failure === undefined && other) resolve(other.peerId)
        else reject(new NetworkError('DIAL_FAILED', `could not connect to ${address}: ${failure}`))
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      if (!other) {
        this.#world.clock.setTimer(() => settle('nobody listens there'), 1)
        return
      }
      this.#send(other.peerId, () => isSettled || this.#shakeHands(other, settle))
    })
  }

  async disconnect(peer: PeerId): Promise<void> {
    if (!this.#links.has(peer)) return
    this.#sendOn(peer, (other) => other.linkLost(this.peerId))
    this.linkLost(peer)
  }

  subscribe(topic: string, onMessage: MessageListener): void {
    const isNew = !this.#listeners.has(topic)
    this.#listeners.set(topic, onMessage)
    if (isNew) for (const peer of this.#links.keys()) this.#tellTopics(peer, [topic])
  }

  unsubscribe(topic: string): void {
    if (!this.#listeners.delete(topic)) return
    for (const peer of this.#links.keys()) {
      this.#sendOn(peer, (other) => other.#links.get(this.peerId)?.topics.delete(topic))
    }
  }

  async publish(topic: string, data: Bytes): Promise<void> {
    assertMessageSize(topic, data.byteLength)
    this.#assertRunning(`publish on ${topic}`)
    const copy = copyOf(data)
    if (this.#seen.isNews(topic, copy)) this.#spread(topic, copy, undefined)
  }

  handle(protocol: string, handler: StreamHandler): void {
    this.#handlers.set(protocol, handler)
  }

  async open(peer: PeerId, protocol: string, { signal, onBytes }: OpenOptions = {}): Promise<FrameStream> {
    const what = `open ${protocol} to ${peer}`
    this.#assertRunning(what)
    signal?.throwIfAborted()
    const link = this.#links.get(peer)
    if (!link) throw new NetworkError('NOT_CONNECTED', `${what}: there is no connection to this peer`)
    const id = this.#nextStream++
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const stream = this.#end(link, id, peer, reject)
    stream.onBytes = onBytes
    this.#sendOn(peer, (other) => {
      const refusal = other.accept(this.peerId, id, protocol)
      this.#world.sendOrdered({ from: peer, to: this.peerId, kind: 'control', bytes: 0 }, () => {
        if (refusal) stream.reset(refusal)
        else resolve()
      })
    })
    const onAbort = () => stream.abort(new NetworkError('STREAM_OPEN_FAILED', `${what} was given up`))
    const onLate = () => stream.abort(new NetworkError('STREAM_OPEN_FAILED', `${what}: no answer in time`))
    const cancelLate = this.#world.clock.setTimer(onLate, NEGOTIATE_TIMEOUT_MS)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      await promise
      return stream
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    } finally {
      cancelLate()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  on<Name extends keyof NetworkEvents>(event: Name, listener: NetworkEvents[Name]): () => void {
    return this.#emitter.on(event, listener)
  }

  status(): NetworkStatus {
    return {
      peer: this.peerId,
      networkId: this.networkId,
      listening: this.addresses(),
      degreeWanted: this.#degree,
      peers: [...this.#links].map(([peer, { direction, connectedAtMs, topics }]) => ({
        peer,
        address: this.#world.node(peer)?.place ?? '',
        direction,
        connectedAtMs,
        topics: [...topics],
      })),
      boot: this.#dialler.status(),
      topics: [...this.#listeners.keys()].map((topic) => {
        const subscribers = this.subscribers(topic).length
        return { topic, subscribers, mesh: subscribers }
      }),
    }
  }

  meshState(options: MeshReadyOptions): MeshState {
    const subscribers = this.subscribers(options.topic)
    return meshStateOf({ peers: this.peers(), subscribers, othersCount: this.#dialler.othersCount }, options)
  }

  meshReady(options: MeshReadyOptions & Cancel): Promise<void> {
    const on: Network['on'] = (event, listener) => this.on(event, listener)
    return waitForMesh({ clock: this.#world.clock, state: () => this.meshState(options), on }, options)
  }

  async provide(key: Bytes): Promise<void> {
    this.#world.providersOf(toHex(key)).add(this.peerId)
  }

  async providers(key: Bytes): Promise<PeerId[]> {
    return [...this.#world.providersOf(toHex(key))].filter((peer) => this.#world.reachable(this.peerId, peer))
  }

  async start(): Promise<void> {
    if (this.#phase !== 'built') throw new NetworkError('NETWORK_CLOSED', 'a network starts once')
    this.#world.list(this)
    this.#phase = 'started'
    this.#dialler.start()
  }

  async close(): Promise<void> {
    if (this.#phase === 'closed') return
    for (const peer of this.peers()) await this.disconnect(peer)
    this.vanish()
    this.#world.unlist(this)
  }

  /** Ends without a word to anybody. */
  vanish(): void {
    this.#phase = 'closed'
    this.#dialler.close()
    for (const peer of this.peers()) this.linkLost(peer)
  }

  /** A connection broke: from the other side, by a partition, or by us. */
  linkLost(peer: PeerId): void {
    const link = this.#links.get(peer)
    if (!link) return
    this.#links.delete(peer)
    const lost = new NetworkError('STREAM_RESET', `the connection to ${peer} is gone`)
    for (const stream of [...link.streams.values()]) stream.reset(lost)
    this.#dialler.disconnected(peer)
    this.#emitter.emit('peer:disconnect', peer)
  }

  /** The other end of a stream that `from` opens. Returns why not. */
  accept(from: PeerId, id: number, protocol: string): NetworkError | undefined {
    const link = this.#links.get(from)
    const handler = this.#handlers.get(protocol)
    if (!link || !handler) {
      return new NetworkError('PROTOCOL_UNSUPPORTED', `open ${protocol} to ${this.peerId} failed: not handled there`)
    }
    if (link.streams.size >= INBOUND_STREAMS_PER_PROTOCOL_MAX * 2) {
      return new NetworkError('STREAM_OPEN_FAILED', `open ${protocol} to ${this.peerId} failed: too many streams`)
    }
    const key = -1 - id
    void serveStream(handler, this.#end(link, key, from), protocol, this.#world)
    return undefined
  }

  streamOf(peer: PeerId, epoch: number, key: number): SimulatedStream | undefined {
    const link = this.#links.get(peer)
    return link?.epoch === epoch ? link.streams.get(key) : undefined
  }

  #shakeHands(other: SimulatedNode, settle: (failure?: string) => void): void {
    if (this.#world.isBlocked(other.peerId, this.peerId)) return
    const isThere = this.#world.nodeAt(other.place) === other
    if (!isThere || other.networkId !== this.networkId) {
      settle('the handshake failed')
      return
    }
    // Crossing dials become one connection.
    const known = other.#links.get(this.peerId) ?? this.#links.get(other.peerId)
    const epoch = known?.epoch ?? this.#world.newEpoch()
    this.#world.sendOrdered({ from: other.peerId, to: this.peerId, kind: 'control', bytes: 0 }, () => {
      const isUp = this.#phase === 'started' && other.#links.get(this.peerId)?.epoch === epoch
      if (isUp) this.#linked(other, 'outbound', epoch)
      else other.linkLost(this.peerId)
      settle(isUp ? undefined : 'the connection closed at once')
    })
    // After the answer is on its way: what we tell the new peer must not overtake it.
    other.#linked(this, 'inbound', epoch)
  }

  #linked(other: SimulatedNode, direction: Direction, epoch: number): void {
    const { peerId: peer } = other
    if (this.#links.has(peer)) return
    this.#links.set(peer, {
      epoch,
      direction,
      connectedAtMs: this.#world.clock.nowMs(),
      topics: new Set(),
      streams: new Map(),
    })
    this.#dialler.connected(peer, false)
    this.#dialler.learnt(peer, [`${other.place}/p2p/${peer}`])
    this.#emitter.emit('peer:connect', peer, direction)
    this.#tellTopics(peer, [...this.#listeners.keys()])
  }

  #tellTopics(peer: PeerId, topics: readonly string[]): void {
    if (topics.length > 0) this.#sendOn(peer, (other) => other.#heardTopics(this.peerId, topics))
  }

  #heardTopics(peer: PeerId, topics: readonly string[]): void {
    const link = this.#links.get(peer)
    for (const topic of topics) {
      if (!link || link.topics.has(topic)) continue
      link.topics.add(topic)
      this.#emitter.emit('subscribed', peer, topic)
    }
  }

  #spread(topic: string, data: Bytes, except: PeerId | undefined): void {
    for (const [peer, { topics }] of this.#links) {
      if (peer === except || !topics.has(topic)) continue
      const packet = { from: this.peerId, to: peer, kind: 'gossip', bytes: data.byteLength, data } as const
      this.#world.sendGossip(packet, () => this.#world.node(peer)?.heard(this.peerId, topic, data))
    }
  }

  /** A message arrives from a neighbour. */
  heard(from: PeerId, topic: string, data: Bytes): void {
    const listener = this.#listeners.get(topic)
    if (!listener || this.#phase !== 'started' || !this.#seen.isNews(topic, data)) return
    this.#spread(topic, data, from)
    try {
      listener(from, copyOf(data))
    } catch (error) {
      this.#world.log.error({ topic, error: String(error) }, 'a message listener failed')
    }
  }

  /** Our end of stream `key`. The other end has the key `-1 - key`. */
  #end(link: Link, key: number, peer: PeerId, onFailure?: (failure: Error) => void): SimulatedStream {
    const carry: Carry = (bytes, deliver) => {
      this.#world.sendOrdered({ from: this.peerId, to: peer, kind: 'stream', bytes }, () => {
        const other = this.#world.node(peer)?.streamOf(this.peerId, link.epoch, -1 - key)
        if (other) deliver(other)
      })
    }
    const onDone = (failure?: Error) => {
      link.streams.delete(key)
      if (failure) onFailure?.(failure)
    }
    const stream = new SimulatedStream(peer, { clock: this.#world.clock, carry, isInbound: key < 0, onDone })
    link.streams.set(key, stream)
    return stream
  }

  #send(to: PeerId, deliver: () => unknown): void {
    this.#world.sendOrdered({ from: this.peerId, to, kind: 'control', bytes: 0 }, deliver)
  }

  /** To a connected peer, on this connection only. */
  #sendOn(peer: PeerId, deliver: (other: SimulatedNode) => void): void {
    const epoch = this.#links.get(peer)?.epoch
    this.#send(peer, () => {
      const other = this.#world.node(peer)
      if (other && other.#links.get(this.peerId)?.epoch === epoch) deliver(other)
    })
  }

  #assertRunning(what: string): void {
    if (this.#phase !== 'started') throw new NetworkError('NETWORK_CLOSED', `${what}: the network is not running`)
  }
}
