// The port through which everything above reaches other nodes: who is there, gossip by topic, framed streams.
// Opaque bytes only: it knows neither contexts nor deltas (`faults/` alone reads what messages are). Implemented by `libp2p.ts`
// and `simulated.ts`; the contract suite in `network-contract.ts` runs on both.
import type { Bytes } from '../base/bytes.ts'

/** Text form of a libp2p peer id. It holds the peer's Ed25519 key: see `publicKeyOfPeer`. */
export type PeerId = string

/** A wait that can be given up. */
export interface Cancel {
  readonly signal?: AbortSignal
}

export interface OpenOptions extends Cancel {
  /** Told how many bytes have come, as they come: also of a frame that is not whole yet. */
  readonly onBytes?: ((count: number) => void) | undefined
}

/**
 * One conversation with one peer: length-prefixed frames in both directions. Whatever the peer does costs bounded
 * memory: a frame over the limit, or less than a portion in the idle limit while someone waits, ends the stream;
 * of who opened it each frame has that limit in all.
 */
export interface FrameStream {
  readonly peer: PeerId
  /** Resolves when the frame is handed to the transport and there is room for the next. Throws NetworkError. */
  send(frame: Bytes): Promise<void>
  /** Ends when the peer has ended its half. Throws NetworkError when the stream was reset. One reader only. */
  readonly frames: AsyncIterable<Bytes>
  /** Ends our half; the peer's `frames` ends after all that was sent. Idempotent. */
  closeWrite(): Promise<void>
  /** Ends both halves at once and frees everything. Idempotent. */
  abort(reason: Error): void
}

export type Direction = 'inbound' | 'outbound'

export interface NetworkEvents {
  /** `outbound`: we dialled. Both sides see the event, so one of them may leave the first word to the other. */
  'peer:connect': (peer: PeerId, direction: Direction) => void
  /** The last connection to this peer is gone. */
  'peer:disconnect': (peer: PeerId) => void
  /** A message published on `topic` from now on reaches `peer`. */
  subscribed: (peer: PeerId, topic: string) => void
}

export type MessageListener = (from: PeerId, data: Bytes) => void
/** The stream is closed when the handler resolves, aborted when it rejects. */
export type StreamHandler = (peer: PeerId, stream: FrameStream) => Promise<void>

export interface MeshReadyOptions {
  /** Connections wanted; fewer are enough where fewer nodes are known. */
  readonly degree: number
  /** The topic that every node of the run subscribes to. */
  readonly topic: string
  /** True when our hello protocol has been exchanged with this peer. */
  readonly helloDone: (peer: PeerId) => boolean
  /** Calls the listener whenever `helloDone` may have changed; returns what takes it away. Without it, it is looked at now and then. */
  readonly onHello?: (listener: () => void) => () => void
}

export interface MeshState {
  readonly ready: boolean
  readonly connected: number
  readonly needed: number
  /** Connected peers with whom the hello was exchanged. */
  readonly greeted: number
  readonly subscribers: number
}

export interface PeerStatus {
  readonly peer: PeerId
  readonly address: string
  readonly direction: Direction
  readonly connectedAtMs: number
  readonly topics: readonly string[]
}

export interface BootStatus {
  readonly address: string
  /** `spare`: known, not connected, not needed. `self`: it was our own address. */
  readonly state: 'waiting' | 'dialling' | 'connected' | 'spare' | 'self'
  readonly failures: number
  readonly peer?: PeerId
}

/** A boot node, and what it is for this node. */
export interface RelayStatus {
  readonly peer: PeerId
  readonly address: string
  readonly state: 'discovered' | 'requested' | 'accepted' | 'expired'
  readonly changedAtMs: number
}

/** What became of the attempts to reach a peer without the relay. */
export interface DirectUpgradeStatus {
  readonly peer: PeerId
  /** Who began: this node (`asking`), or the peer. */
  readonly role: 'asking' | 'asked'
  readonly outcome: 'trying' | 'direct' | 'failed'
  readonly attempts: number
  readonly lastAttemptMs: number
  /** That this node tried in the last attempt; the peer tries others at the same time. */
  readonly addresses: readonly string[]
  /** Of the last attempt, until one succeeds. */
  readonly error?: string
}

/** What the status routes show. Plain JSON. */
export interface NetworkStatus {
  readonly peer: PeerId
  readonly networkId: string
  readonly listening: readonly string[]
  readonly degreeWanted: number
  readonly peers: readonly PeerStatus[]
  readonly boot: readonly BootStatus[]
  readonly relays?: readonly RelayStatus[]
  readonly directUpgrades?: readonly DirectUpgradeStatus[]
  readonly topics: readonly { readonly topic: string; readonly subscribers: number; readonly mesh: number }[]
}

/** Since the start; `dialer` of connections that this node made, `listener` of those that it took. */
export interface ConnectionCounts {
  readonly dials: number
  readonly failedDials: number
  readonly opened: { readonly dialer: number; readonly listener: number }
  readonly closed: { readonly dialer: number; readonly listener: number }
  /** Peers that said who they are and what they speak. */
  readonly identified: number
  /** Streams that are open on all connections. */
  readonly streams: number
}

export interface Network {
  readonly peerId: PeerId
  /** Listen addresses with the peer id at the end. Empty before `start`. */
  addresses(): string[]
  /** Where others may dial us: through the relays that carry for us, then where we listen. Each with the peer id at the end. */
  contactAddresses(): string[]
  peers(): PeerId[]
  /** Connected peers known to be subscribed to `topic`. */
  subscribers(topic: string): PeerId[]
  /** `address` with or without a peer id. Throws NetworkError. */
  dial(address: string, options?: Cancel): Promise<PeerId>
  /** Ends the connection to a peer; nothing keeps it from coming back. */
  disconnect(peer: PeerId): Promise<void>
  /** One listener a topic. `from` is the peer that forwarded the message, not who wrote it: messages are unsigned. */
  subscribe(topic: string, onMessage: MessageListener): void
  unsubscribe(topic: string): void
  /** Resolves when handed over. No subscriber is not an error; a message over the limit is. Not delivered to ourselves. */
  publish(topic: string, data: Bytes): Promise<void>
  /** Register before `start`, so that peers see it at once. */
  handle(protocol: string, handler: StreamHandler): void
  open(peer: PeerId, protocol: string, options?: OpenOptions): Promise<FrameStream>
  /** Returns what takes the listener away. */
  on<Name extends keyof NetworkEvents>(event: Name, listener: NetworkEvents[Name]): () => void
  status(): NetworkStatus
  /** Where there are real connections. */
  counts?(): ConnectionCounts | undefined
  meshState(options: MeshReadyOptions): MeshState
  /** Resolves when connected, greeted and able to reach a subscriber; at once where no other node is known. */
  meshReady(options: MeshReadyOptions & Cancel): Promise<void>
  /** Tells the network that we hold the content with this 32-byte hash. Best effort. */
  provide(key: Bytes, options?: Cancel): Promise<void>
  /** Peers that said they hold it. Best effort: ask the members too. */
  providers(key: Bytes, options?: Cancel): Promise<PeerId[]>
  start(): Promise<void>
  close(): Promise<void>
}
