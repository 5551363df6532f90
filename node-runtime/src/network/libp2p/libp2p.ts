// The port on libp2p: TCP, Noise with the node's own identity, Yamux, gossipsub, boot list, optional DHT and mDNS.
import type { Connection, Stream } from '@libp2p/interface'
import type { Bytes } from '../../base/bytes.ts'
import { peerIn, placeOf } from '../address.ts'
import { Emitter } from '../emitter.ts'
import { NetworkError } from '../errors.ts'
import {
  CLOSE_TIMEOUT_MS,
  CONNECTIONS_PER_PEER_MAX,
  DHT_TIMEOUT_MS,
  DIAL_DEGREE,
  DIAL_TIMEOUT_MS,
  INBOUND_STREAMS_PER_PROTOCOL_MAX,
  NEGOTIATE_TIMEOUT_MS,
  PUBLIC_RETRY_FIRST_MS,
  PUBLIC_RETRY_MAX_MS,
} from '../limits.ts'
import { meshStateOf, waitForMesh } from '../mesh-ready.ts'
import type {
  Cancel,
  FrameStream,
  MeshReadyOptions,
  MeshState,
  MessageListener,
  Network,
  NetworkEvents,
  NetworkStatus,
  OpenOptions,
  PeerId,
  PeerStatus,
  StreamHandler,
} from '../network.ts'
import { serveStream } from '../serve-stream.ts'
import { ConnectionTally } from './connection-tally.ts'
import { Dialler } from './dialler.ts'
import { loadDiscovery, provide, providers } from './libp2p-discovery.ts'
import { Gossip } from './libp2p-gossip.ts'
import { createNode, type LibraryNode, prefixOf } from './libp2p-node.ts'
import type { Libp2pNetworkOptions } from './libp2p-options.ts'
import { Libp2pFrameStream } from './libp2p-stream.ts'
import { bestOf, isSelfDial, libraryId, listenError, parseAddress, reasonOf } from './library-terms.ts'
import { BootLinks } from './relay/boot-links.ts'
import { STOP_PROTOCOL } from './relay/circuit-messages.ts'
import { DirectUpgrades } from './relay/direct/direct-upgrades.ts'
import { acceptRelayed, RelayTransport, STOP_STREAMS } from './relay/relay-transport.ts'
import { StandingDials } from './standing-dials.ts'
import { Unidentified } from './unidentified.ts'

/** Built, not started: register handlers and topics first. */
export async function libp2pNetwork(options: Libp2pNetworkOptions): Promise<Network> {
  const prefix = prefixOf(options.networkId)
  const { relayAddresses = [] } = options
  const relay = relayAddresses.length > 0 ? new RelayTransport(options.faults) : undefined
  const node = await createNode({
    clock: options.clock,
    identity: options.identity,
    networkId: options.networkId,
    prefix,
    listen: options.listen,
    discovery: await loadDiscovery({ dht: options.dht ?? false, mdns: options.mdns ?? false }),
    faults: options.faults,
    bootPeers: relayAddresses.flatMap((address) => peerIn(address) ?? []),
    relay: relay?.create,
  })
  if (relay) await node.handle(STOP_PROTOCOL, acceptRelayed(relay, options.log), STOP_STREAMS)
  return new Libp2pNetwork(node, prefix, options)
}

class Libp2pNetwork implements Network {
  readonly peerId: PeerId
  readonly #node: LibraryNode
  readonly #prefix: string
  readonly #options: Libp2pNetworkOptions
  readonly #emitter: Emitter
  readonly #tally: ConnectionTally
  readonly #gossip: Gossip
  readonly #dialler: Dialler
  readonly #publicDials: StandingDials
  readonly #boots: BootLinks
  /** Where there are relays. */
  readonly #upgrades: DirectUpgrades | undefined
  readonly #handlers = new Map<string, StreamHandler>()
  readonly #connectedAt = new Map<PeerId, number>()
  readonly #unidentified: Unidentified
  #phase: 'built' | 'started' | 'closed' = 'built'
  #closing: Promise<void> | undefined

  constructor(node: LibraryNode, prefix: string, options: Libp2pNetworkOptions) {
    this.peerId = node.peerId.toString()
    this.#node = node
    this.#prefix = prefix
    this.#options = options
    this.#emitter = new Emitter(options.log)
    this.#tally = new ConnectionTally(node)
    this.#unidentified = new Unidentified(options.clock, (peer) => this.#drop(peer, 'does not speak our protocols'))
    this.#gossip = new Gossip({
      service: node.services.pubsub,
      peerId: node.peerId.toString(),
      prefix,
      clock: options.clock,
      log: options.log,
      identifiedPeers: () => this.peers().filter((peer) => !this.#unidentified.has(peer)),
      onSubscribed: (peer, topic) => this.#emitter.emit('subscribed', peer, topic),
      drop: (peer, why) => this.#drop(peer, why),
    })
    this.#boots = new BootLinks(
      {
        ...options,
        peerId: this.peerId,
        connect: (address, signal) => this.dial(address, { signal }),
        open: (boot, protocol) => this.open(boot, protocol),
        own: () => this.addresses(),
        met: (peers) => this.#dialler.met(peers),
      },
      options.relayAddresses ?? [],
    )
    if (options.relayAddresses?.length) {
      this.#upgrades = new DirectUpgrades({
        ...options,
        node,
        own: () => this.addresses(),
        isBoot: (peer) => this.#boots.owns(peer),
        moveGossip: (peer, to) => this.#gossip.move(peer, to),
      })
    }
    this.#dialler = new Dialler(
      {
        peerId: this.peerId,
        own: () => [...this.addresses().map(placeOf), ...this.#boots.ownPlaces()],
        isConnected: (peer) => this.#connectedAt.has(peer),
        connectedCount: () => this.#connectedAt.size,
        connect: (address, signal) => this.dial(address, { signal }),
      },
      { ...options, degree: options.degree ?? DIAL_DEGREE },
    )
    this.#publicDials = new StandingDials((address, signal) => this.dial(address, { signal }), {
      ...options,
      addresses: options.publicAddresses ?? [],
      what: 'public boot node',
      firstMs: PUBLIC_RETRY_FIRST_MS,
      maxMs: PUBLIC_RETRY_MAX_MS,
    })
    this.#listen()
  }

  counts = () => this.#tally.counts()

  addresses(): string[] {
    return this.#phase === 'built' ? [] : this.#node.getMultiaddrs().map(String)
  }

  contactAddresses(): string[] {
    return [...this.#boots.circuits(this.peerId), ...this.addresses()]
  }

  peers(): PeerId[] {
    return [...this.#connectedAt.keys()]
  }

  subscribers(topic: string): PeerId[] {
    return this.#gossip.subscribers(topic)
  }

  async dial(address: string, { signal }: Cancel = {}): Promise<PeerId> {
    this.#assertRunning(`dial ${address}`)
    const target = parseAddress(address)
    const self = new NetworkError('SELF_DIAL', `${address} is this node itself`)
    if (this.#isSelf(address)) throw self
    const limit = AbortSignal.timeout(DIAL_TIMEOUT_MS)
    try {
      const given = { signal: signal ? AbortSignal.any([signal, limit]) : limit }
      const connection = await this.#tally.dialled(this.#node.dial(target, given))
      return connection.remotePeer.toString()
    } catch (cause) {
      signal?.throwIfAborted()
      if (isSelfDial(cause)) throw self
      throw new NetworkError('DIAL_FAILED', `could not connect to ${address}: ${reasonOf(cause)}`, { cause })
    }
  }

  async disconnect(peer: PeerId): Promise<void> {
    await this.#node.hangUp(libraryId(peer), { signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) })
  }

  subscribe(topic: string, onMessage: MessageListener): void {
    this.#gossip.subscribe(topic, onMessage)
  }

  unsubscribe(topic: string): void {
    this.#gossip.unsubscribe(topic)
  }

  publish(topic: string, data: Bytes): Promise<void> {
    return this.#gossip.publish(topic, data)
  }

  handle(protocol: string, handler: StreamHandler): void {
    this.#handlers.set(protocol, handler)
    if (this.#phase !== 'started') return
    this.#register(protocol, handler).catch((error) =>
      this.#options.log.error({ protocol, error: String(error) }, 'protocol could not be registered'),
    )
  }

  async open(peer: PeerId, protocol: string, { signal, onBytes }: OpenOptions = {}): Promise<FrameStream> {
    const what = `open ${protocol} to ${peer}`
    this.#assertRunning(what)
    const limit = AbortSignal.timeout(NEGOTIATE_TIMEOUT_MS)
    const connection = bestOf(this.#node.getConnections(libraryId(peer)))
    if (!connection) throw new NetworkError('NOT_CONNECTED', `${what}: there is no connection to this peer`)
    try {
      const stream = await connection.newStream(this.#protocolName(protocol), {
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
        maxOutboundStreams: INBOUND_STREAMS_PER_PROTOCOL_MAX,
      })
      const { clock, streamLimits } = this.#options
      return new Libp2pFrameStream(stream, peer, clock, { ...streamLimits, onBytes })
    } catch (cause) {
      signal?.throwIfAborted()
      const unsupported = cause instanceof Error && cause.name === 'UnsupportedProtocolError'
      const code = unsupported ? 'PROTOCOL_UNSUPPORTED' : 'STREAM_OPEN_FAILED'
      throw new NetworkError(code, `${what} failed: ${reasonOf(cause)}`, { cause })
    }
  }

  on<Name extends keyof NetworkEvents>(event: Name, listener: NetworkEvents[Name]): () => void {
    return this.#emitter.on(event, listener)
  }

  status(): NetworkStatus {
    return {
      peer: this.peerId,
      networkId: this.#options.networkId,
      listening: this.addresses(),
      degreeWanted: this.#options.degree ?? DIAL_DEGREE,
      peers: this.peers().map((peer) => this.#statusOf(peer)),
      boot: this.#dialler.status(),
      relays: this.#boots.status(),
      directUpgrades: this.#upgrades?.status() ?? [],
      topics: this.#gossip.status(),
    }
  }

  meshState(options: MeshReadyOptions): MeshState {
    const subscribers = this.subscribers(options.topic)
    // Whoever does not know yet who is there waits for one at least.
    const othersCount = Math.max(this.#dialler.othersCount, this.#boots.isWaiting ? 1 : 0)
    return meshStateOf({ peers: this.peers(), subscribers, othersCount }, options)
  }

  meshReady(options: MeshReadyOptions & Cancel): Promise<void> {
    const on: Network['on'] = (event, listener) => this.on(event, listener)
    return waitForMesh({ clock: this.#options.clock, state: () => this.meshState(options), on }, options)
  }

  async provide(key: Bytes, { signal }: Cancel = {}): Promise<void> {
    const { dht } = this.#node.services
    if (dht) await provide(dht, key, signal ?? AbortSignal.timeout(DHT_TIMEOUT_MS))
  }

  async providers(key: Bytes, { signal }: Cancel = {}): Promise<PeerId[]> {
    const { dht } = this.#node.services
    return dht ? providers(dht, key, signal ?? AbortSignal.timeout(DHT_TIMEOUT_MS)) : []
  }

  async start(): Promise<void> {
    if (this.#phase !== 'built') throw new NetworkError('NETWORK_CLOSED', 'a network starts once')
    for (const [protocol, handler] of this.#handlers) await this.#register(protocol, handler)
    await this.#upgrades?.start()
    try {
      await this.#node.start()
    } catch (cause) {
      throw listenError(this.#options.listen, cause)
    }
    this.#phase = 'started'
    this.#gossip.start()
    this.#dialler.start()
    this.#publicDials.start()
    this.#boots.start()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const wasStarted = this.#phase === 'started'
    this.#phase = 'closed'
    this.#dialler.close()
    this.#publicDials.close()
    this.#boots.close()
    this.#upgrades?.close()
    this.#gossip.close()
    this.#unidentified.close()
    if (!wasStarted) return
    // Graceful closing waits for every stream of every peer; one stuck peer must not hold us up.
    const stopped = Promise.resolve(this.#node.stop()).catch((error) =>
      this.#options.log.debug({ error: String(error) }, 'libp2p did not stop cleanly'),
    )
    const cut = new Promise<void>((resolve) => this.#options.clock.setTimer(resolve, CLOSE_TIMEOUT_MS))
    await Promise.race([stopped, cut])
    const closed = new NetworkError('NETWORK_CLOSED', 'the network is closed')
    for (const connection of this.#node.getConnections()) connection.abort(closed)
    await stopped
  }

  #listen(): void {
    this.#node.addEventListener('connection:open', (event) => this.#onConnection(event.detail))
    this.#node.addEventListener('peer:disconnect', (event) => this.#onDisconnect(event.detail.toString()))
    this.#node.addEventListener('peer:identify', (event) => {
      const { peerId, listenAddrs } = event.detail
      const peer = peerId.toString()
      if (this.#boots.owns(peer)) return
      this.#unidentified.delete(peer)
      this.#dialler.learnt(
        peer,
        listenAddrs.map((address) => `${placeOf(address.toString())}/p2p/${peer}`),
      )
    })
    this.#node.addEventListener('peer:discovery', (event) => {
      const { id, multiaddrs } = event.detail
      this.#dialler.learnt(id.toString(), multiaddrs.map(String))
    })
  }

  #onConnection(connection: Connection): void {
    const peer = connection.remotePeer.toString()
    this.#options.faults?.identified(placeOf(connection.remoteAddr.toString()), peer)
    if (this.#phase === 'closed') {
      connection.abort(new NetworkError('NETWORK_CLOSED', 'the network is closed'))
      return
    }
    // The other side was faster to close it: of this one no end would be told, and its peer would be met no more.
    if (connection.status !== 'open') return
    if (this.#node.getConnections(connection.remotePeer).length > CONNECTIONS_PER_PEER_MAX) {
      connection.abort(new NetworkError('NOT_CONNECTED', 'this peer has too many connections'))
      return
    }
    if (this.#boots.owns(peer)) {
      this.#boots.connected(connection)
      return
    }
    if (this.#connectedAt.has(peer)) return
    this.#connectedAt.set(peer, this.#options.clock.nowMs())
    this.#unidentified.add(peer)
    this.#dialler.connected(peer, connection.direction === 'inbound')
    this.#emitter.emit('peer:connect', peer, connection.direction)
  }

  #onDisconnect(peer: PeerId): void {
    this.#unidentified.delete(peer)
    if (this.#boots.owns(peer)) this.#boots.disconnected(peer)
    if (!this.#connectedAt.delete(peer)) return
    this.#gossip.disconnected(peer)
    this.#dialler.disconnected(peer)
    this.#publicDials.disconnected(peer)
    this.#emitter.emit('peer:disconnect', peer)
  }

  #drop(peer: PeerId, why: string): void {
    this.#options.log.debug({ peer, why }, 'peer dropped')
    this.disconnect(peer).catch((error) => this.#options.log.debug({ peer, error: String(error) }, 'drop failed'))
  }

  #statusOf(peer: PeerId): PeerStatus {
    const connections = this.#node.getConnections(libraryId(peer))
    const connection = bestOf(connections) ?? connections[0]
    return {
      peer,
      address: connection ? placeOf(connection.remoteAddr.toString()) : '',
      direction: connection?.direction ?? 'outbound',
      connectedAtMs: this.#connectedAt.get(peer) ?? 0,
      topics: this.#gossip.topicsOf(peer),
    }
  }

  #isSelf(address: string): boolean {
    return peerIn(address) === this.peerId || this.addresses().map(placeOf).includes(placeOf(address))
  }

  #protocolName(protocol: string): string {
    return `${this.#prefix}/${protocol}`
  }

  async #register(protocol: string, handler: StreamHandler): Promise<void> {
    const { clock, log, streamLimits } = this.#options
    const onStream = (stream: Stream, connection: Connection) => {
      const peer = connection.remotePeer.toString()
      const frames = new Libp2pFrameStream(stream, peer, clock, { ...streamLimits, isInbound: true })
      void serveStream(handler, frames, protocol, { clock, log })
    }
    await this.#node.handle(this.#protocolName(protocol), onStream, {
      maxInboundStreams: INBOUND_STREAMS_PER_PROTOCOL_MAX,
      maxOutboundStreams: INBOUND_STREAMS_PER_PROTOCOL_MAX,
    })
  }

  #assertRunning(what: string): void {
    if (this.#phase !== 'started') throw new NetworkError('NETWORK_CLOSED', `${what}: the network is not running`)
  }
}
