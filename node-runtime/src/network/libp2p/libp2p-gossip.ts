// Gossip over @libp2p/gossipsub: settings for many nodes on one host, and what the library leaves open: a subscription
// counts as known only when a message can reach the peer, and a peer without a gossip link is dropped, to come back.
import { createHash } from 'node:crypto'
import { type GossipSub, type GossipsubMessage, type GossipsubOpts, gossipsub, type Message } from '@libp2p/gossipsub'
import type { Connection, Stream } from '@libp2p/interface'
import type { Bytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { assertMessageSize, NetworkError } from '../errors.ts'
import {
  GOSSIP_CHECK_MS,
  GOSSIP_FRESH_MS,
  GOSSIP_LINK_MISSING_MS,
  GOSSIP_PACKET_MAX_BYTES,
  GOSSIP_SEEN_MS,
  GOSSIP_WAITING_MAX_BYTES,
  MESSAGE_MAX_BYTES,
} from '../limits.ts'
import type { MessageListener, NetworkStatus, PeerId } from '../network.ts'
import { nameOf, partRecipients, withRecipients } from './named-recipients.ts'

/** To one peer, out only. */
interface GossipLink {
  readonly rawStream: Stream
  /** Sends what waits, then ends. */
  close(): Promise<void>
}

/** What the implementation has beyond its declared interface. */
export interface GossipInternals extends GossipSub {
  /** Whose link is open, or is to be. */
  readonly peers: ReadonlyMap<string, unknown>
  readonly streamsOutbound: Map<string, GossipLink>
  /** Opens the link to a peer, one peer after the other; also resolves when it could not. */
  createOutboundStream(peer: { toString(): string }, connection: unknown): Promise<void>
  getMeshPeers(topic: string): string[]
  /** Takes a subscriber into the mesh if there is room; says whether it did. The caller then sends the graft. */
  graftOnSubscribe(peer: PeerId, topic: string): boolean
  sendGraft(peer: PeerId, topics: string[]): void
  /** To the mesh of its topic, but for `source` and the peers in `without`. */
  forwardMessage(id: string, message: Message, source?: PeerId, without?: ReadonlySet<PeerId>): void
  publish(topic: string, data: Bytes, options?: { floodPublish?: boolean }): ReturnType<GossipSub['publish']>
}

type GossipComponents = Parameters<ReturnType<typeof gossipsub>>[0]

function gossipOptions(): Partial<GossipsubOpts> & { floodPublish: boolean } {
  return {
    // Deltas are signed, once per batch; signing every message again costs most of the CPU.
    globalSignaturePolicy: 'StrictNoSign',
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    emitSelf: false,
    fallbackToFloodsub: false,
    floodPublish: false,
    doPX: false,
    tagMeshPeers: false,
    D: 3,
    Dlo: 3,
    Dhi: 4,
    Dout: 1,
    Dscore: 1,
    Dlazy: 3,
    // A peer that left a topic and comes back is taken into the mesh again at once.
    pruneBackoff: 1000,
    unsubcribeBackoff: 1000,
    seenTTL: GOSSIP_SEEN_MS,
    idontwantMinDataSize: MESSAGE_MAX_BYTES,
    maxInboundStreams: 4,
    maxOutboundStreams: 2,
    maxInboundDataLength: GOSSIP_PACKET_MAX_BYTES,
    maxOutboundBufferSize: GOSSIP_WAITING_MAX_BYTES,
    msgIdFn: messageId,
    msgIdToStrFn: (id) => Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1'),
    // All nodes of a run share one address, and a busy machine breaks promises: both would silence honest peers.
    scoreParams: { IPColocationFactorWeight: 0, behaviourPenaltyWeight: 0 },
  }
}

/** The same bytes on the same topic are one message, whoever sends them. */
function messageId(message: Message): Bytes {
  return createHash('sha256').update(message.topic).update('\0').update(message.data).digest()
}

/** The service factory for libp2p. */
export function gossipService(prefix: string): (components: GossipComponents) => GossipSub {
  return (components) => {
    const service = gossipsub(gossipOptions())(components)
    // One private protocol: one topology callback per connection instead of three, and no stranger speaks it.
    service.protocols = [`${prefix}/gossip/1`]
    return service
  }
}

export interface GossipParts {
  readonly service: GossipSub
  readonly peerId: PeerId
  readonly prefix: string
  readonly clock: Clock
  readonly log: Logger
  /** Connected, and known by what protocols they speak. */
  readonly identifiedPeers: () => readonly PeerId[]
  readonly onSubscribed: (peer: PeerId, topic: string) => void
  readonly drop: (peer: PeerId, why: string) => void
}

export class Gossip {
  readonly #parts: GossipParts
  readonly #service: GossipInternals
  readonly #listeners = new Map<string, MessageListener>()
  /** By full topic: until when messages go to every subscriber. */
  readonly #freshUntil = new Map<string, number>()
  /** Subscriptions that were heard but cannot be served yet. */
  readonly #unlinked = new Map<PeerId, Set<string>>()
  /** Peers whose link was tried, with whatever outcome. The others wait for their turn, which is no fault of theirs. */
  readonly #tried = new Set<PeerId>()
  readonly #missingSince = new Map<PeerId, number>()
  #started = false
  #cancelCheck: (() => void) | undefined

  constructor(parts: GossipParts) {
    this.#parts = parts
    this.#service = withInternals(parts.service)
    const open = this.#service.createOutboundStream.bind(this.#service)
    this.#service.createOutboundStream = async (peer, connection) => {
      await open(peer, connection)
      this.#onTried(peer.toString())
    }
    const forward = this.#service.forwardMessage.bind(this.#service)
    this.#service.forwardMessage = (id, message, source, without) => {
      forward(id, message, source, this.#withThoseNamed(message, without))
    }
    this.#service.addEventListener('gossipsub:message', (event) => this.#onMessage(event.detail))
    this.#service.addEventListener('subscription-change', (event) => {
      const peer = event.detail.peerId.toString()
      for (const { topic, subscribe } of event.detail.subscriptions) this.#onSubscription(peer, topic, subscribe)
    })
  }

  start(): void {
    this.#started = true
    for (const topic of this.#listeners.keys()) this.#service.subscribe(this.#full(topic))
    this.#check()
  }

  close(): void {
    this.#started = false
    this.#cancelCheck?.()
  }

  subscribe(topic: string, onMessage: MessageListener): void {
    this.#listeners.set(topic, onMessage)
    if (this.#started) this.#service.subscribe(this.#full(topic))
  }

  unsubscribe(topic: string): void {
    if (this.#listeners.delete(topic) && this.#started) this.#service.unsubscribe(this.#full(topic))
  }

  async publish(topic: string, data: Bytes): Promise<void> {
    assertMessageSize(topic, data.byteLength)
    if (!this.#started) throw new NetworkError('NETWORK_CLOSED', `publish on ${topic}: the network is not running`)
    const full = this.#full(topic)
    const floodPublish = (this.#freshUntil.get(full) ?? 0) > this.#parts.clock.nowMs()
    // As the library chooses them.
    const linked = this.subscribers(topic)
    const mesh = new Set(this.#service.getMeshPeers(full))
    const recipients = floodPublish ? linked : linked.filter((peer) => mesh.has(peer))
    const message = withRecipients(data, [this.#parts.peerId, ...recipients])
    await this.#service.publish(full, message, { floodPublish })
  }

  subscribers(topic: string): PeerId[] {
    const subscribed = this.#service.getSubscribers(this.#full(topic)).map(String)
    return subscribed.filter((peer) => this.#service.streamsOutbound.has(peer))
  }

  topicsOf(peer: PeerId): string[] {
    return [...this.#listeners.keys()].filter((topic) => this.subscribers(topic).includes(peer))
  }

  status(): NetworkStatus['topics'] {
    return [...this.#listeners.keys()].map((topic) => ({
      topic,
      subscribers: this.subscribers(topic).length,
      mesh: this.#service.getMeshPeers(this.#full(topic)).length,
    }))
  }

  /**
   * The link to this peer goes over this connection, where it did not. What is published meanwhile goes over the old one,
   * which ends after all that was handed to it; messages that come over both are one.
   */
  async move(peer: PeerId, to: Connection): Promise<void> {
    const links = this.#service.streamsOutbound
    const link = links.get(peer)
    if (!this.#started || (link === undefined && !this.#tried.has(peer))) return
    if (link !== undefined && to.streams.includes(link.rawStream)) return
    // The library opens none where there is one, and looks only now.
    links.delete(peer)
    const opened = this.#service.createOutboundStream(to.remotePeer, to)
    if (link === undefined) return opened
    links.set(peer, link)
    await opened
    if (links.get(peer) !== link) await link.close()
  }

  disconnected(peer: PeerId): void {
    this.#unlinked.delete(peer)
    this.#tried.delete(peer)
    this.#missingSince.delete(peer)
  }

  #full(topic: string): string {
    return `${this.#parts.prefix}/topic/${topic}`
  }

  #onMessage({ propagationSource, msg }: GossipsubMessage): void {
    const head = `${this.#parts.prefix}/topic/`
    if (!msg.topic.startsWith(head)) return
    const listener = this.#listeners.get(msg.topic.slice(head.length))
    const data = partRecipients(msg.data)?.data
    if (!listener || !data || data.byteLength > MESSAGE_MAX_BYTES) return
    try {
      listener(propagationSource.toString(), data)
    } catch (error) {
      this.#parts.log.error({ topic: msg.topic, error: String(error) }, 'a message listener failed')
    }
  }

  /** They have it from who has published it, or it was lost on the way to them: then they learn from heads what they lack. */
  #withThoseNamed({ topic, data }: Message, without: ReadonlySet<PeerId> | undefined): ReadonlySet<PeerId> {
    const named = new Set(partRecipients(data)?.recipients)
    return new Set([...(without ?? []), ...this.#service.getMeshPeers(topic).filter((peer) => named.has(nameOf(peer)))])
  }

  #onSubscription(peer: PeerId, full: string, subscribed: boolean): void {
    if (!subscribed) {
      this.#unlinked.get(peer)?.delete(full)
      return
    }
    if (this.#service.streamsOutbound.has(peer)) {
      this.#announce(peer, full)
      return
    }
    const waiting = this.#unlinked.get(peer) ?? new Set()
    waiting.add(full)
    this.#unlinked.set(peer, waiting)
  }

  #announce(peer: PeerId, full: string): void {
    const head = `${this.#parts.prefix}/topic/`
    const topic = full.slice(head.length)
    // Topics we do not follow ourselves are nobody's business here, and would grow with what peers invent.
    if (!full.startsWith(head)) return
    if (this.#listeners.has(topic)) this.#freshUntil.set(full, this.#parts.clock.nowMs() + GOSSIP_FRESH_MS)
    this.#parts.onSubscribed(peer, topic)
  }

  #onTried(peer: PeerId): void {
    if (!this.#started) return
    this.#tried.add(peer)
    if (!this.#service.streamsOutbound.has(peer)) return
    const topics = [...(this.#unlinked.get(peer) ?? [])]
    this.#unlinked.delete(peer)
    // When the subscription came there was no link to graft over; the library would wait for its next heartbeat.
    const grafted = topics.filter((topic) => this.#service.graftOnSubscribe(peer, topic))
    if (grafted.length > 0) this.#service.sendGraft(peer, grafted)
    for (const topic of topics) this.#announce(peer, topic)
  }

  /**
   * A connected peer that we cannot gossip to stays deaf for ever: the library opens a link only on connecting. One
   * whose link is still to be tried is not deaf but early: on a busy machine its turn comes late, and to drop it would
   * make more work, and more of them late.
   */
  #check(): void {
    const now = this.#parts.clock.nowMs()
    for (const peer of this.#parts.identifiedPeers()) {
      const early = this.#service.peers.has(peer) && !this.#tried.has(peer)
      if (early || this.#service.streamsOutbound.has(peer)) this.#missingSince.delete(peer)
      else if (now - (this.#missingSince.get(peer) ?? now) >= GOSSIP_LINK_MISSING_MS) {
        this.#missingSince.delete(peer)
        this.#parts.drop(peer, 'no gossip link')
      } else if (!this.#missingSince.has(peer)) this.#missingSince.set(peer, now)
    }
    for (const [topic, untilMs] of this.#freshUntil) if (untilMs <= now) this.#freshUntil.delete(topic)
    this.#cancelCheck = this.#parts.clock.setTimer(() => this.#check(), GOSSIP_CHECK_MS)
  }
}

function withInternals(service: GossipSub): GossipInternals {
  const used = [
    'streamsOutbound',
    'peers',
    'createOutboundStream',
    'getMeshPeers',
    'graftOnSubscribe',
    'sendGraft',
    'forwardMessage',
  ]
  if (used.every((name) => name in service)) return service as GossipInternals
  throw new Error('assertion failed: this version of @libp2p/gossipsub hides its links and mesh')
}
