// Gossip: a hint that makes news travel in milliseconds. Everything in it can be pulled too, so a message may be lost,
// doubled or late, and a full queue may drop one.
import { type Bytes, EMPTY, equalBytes } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { ContextId, DeltaId, NamespaceId, PublicKey } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import type { Network, PeerId } from '../network/network.ts'
import { publicKeyOfPeer } from '../network/peer-id.ts'
import { type Delta, decodeDelta, encodeDelta } from '../wire/delta.ts'
import { decodeGossip, encodeGossip, type Gossip, type HeadsBeat, verifyHeads } from '../wire/gossip.ts'
import { GOSSIP_DELTA_BYTES_MAX, GOSSIP_ITEMS_MAX } from '../wire/limits.ts'
import { decodeOp, encodeOp, type SignedOp } from '../wire/op.ts'
import type { Presence } from '../wire/presence.ts'
import {
  APART_BEATS_MAX,
  HEADS_EVERY_MS,
  INBOUND_PEER_BYTES_MAX,
  INBOUND_PEER_WAITING_MAX,
  INBOUND_WAITING_MAX,
} from './limits.ts'
import { OutgoingDeltas } from './outgoing-deltas.ts'
import type { Directory, SyncedContext } from './ports.ts'
import { topicName } from './topics.ts'

export interface GossipParts {
  readonly network: Network
  readonly directory: Directory
  readonly clock: Clock
  /** The peer has these, and we lack some; `soon`: gossip does not bring them. */
  readonly pull: (contextId: ContextId, from: PeerId, lacking: readonly DeltaId[], soon: boolean) => void
  /** The member stands on a checkpoint on which we never have. */
  readonly onCheckpoint: (contextId: ContextId, member: PublicKey, checkpoint: Bytes) => void
  readonly log: Logger
}

export interface GossipCounts {
  readonly received: number
  /** Whatever came of it. */
  readonly handled: number
  /** There were too many waiting of its topic, or of its sender. */
  readonly dropped: number
  readonly waiting: number
  /** From their arrival to the end of their handling, summed. */
  readonly handledMs: number
  /** How often a member had another root at the same heads, or has kept one. */
  readonly diverged: number
}

export class GossipExchange {
  readonly #parts: GossipParts
  readonly #outgoing: OutgoingDeltas
  readonly #beats = new Map<ContextId, { cancel: (() => void) | undefined; again: boolean }>()
  /** What waits to be handled: messages by topic and by topic and peer, bytes by peer. */
  readonly #inbound = new Tally()
  #received = 0
  #handled = 0
  #handledMs = 0
  #dropped = 0
  #diverged = 0
  /** By context and member, beats in a row that said other voids and another root at our heads. */
  readonly #apart = new Map<ContextId, Map<PublicKey, number>>()
  #closed = false

  constructor(parts: GossipParts) {
    this.#parts = parts
    this.#outgoing = new OutgoingDeltas(parts.clock, (id, deltas) => this.#sendDeltas(id, deltas))
  }

  get dropped(): number {
    return this.#dropped
  }

  /** Messages of others since the start. */
  get counts(): GossipCounts {
    const [received, handled, dropped] = [this.#received, this.#handled, this.#dropped]
    const waiting = received - handled - dropped
    return { received, handled, dropped, waiting, handledMs: this.#handledMs, diverged: this.#diverged }
  }

  /** How often a member had another root at the same heads, or has kept one. */
  get diverged(): number {
    return this.#diverged
  }

  /** Some of a context has arrived and was not handled yet. */
  isComing(id: ContextId): boolean {
    return this.#inbound.get(topicName({ kind: 'context', id })) > 0
  }

  followContext(id: ContextId): void {
    this.#subscribe(topicName({ kind: 'context', id }), (from, gossip) => this.#onContext(id, from, gossip))
  }

  unfollowContext(id: ContextId): void {
    this.#parts.network.unsubscribe(topicName({ kind: 'context', id }))
    this.#beats.get(id)?.cancel?.()
    this.#beats.delete(id)
    this.#apart.delete(id)
    this.#outgoing.forget(id)
  }

  followNamespace(id: NamespaceId): void {
    this.#subscribe(topicName({ kind: 'namespace', id }), (from, gossip) => this.#onNamespace(id, from, gossip))
  }

  unfollowNamespace(id: NamespaceId): void {
    this.#parts.network.unsubscribe(topicName({ kind: 'namespace', id }))
  }

  /** Deltas of a few milliseconds travel together. Resolves when they were handed to the network. */
  publishDelta(contextId: ContextId, delta: Delta): Promise<void> {
    return this.#outgoing.add(contextId, delta)
  }

  async publishOps(id: NamespaceId, ops: readonly SignedOp[]): Promise<void> {
    const topic = topicName({ kind: 'namespace', id })
    await this.#parts.network.publish(topic, encodeGossip({ t: 'ops', items: ops.map(encodeOp) }))
  }

  async publishPresence(presence: Presence): Promise<void> {
    const topic = topicName({ kind: 'context', id: presence.contextId })
    await this.#parts.network.publish(topic, encodeGossip({ t: 'presence', ...presence }))
  }

  /** Tells members our heads soon: signed, and at most once in `HEADS_EVERY_MS`. */
  announceHeads(id: ContextId): void {
    const beat = this.#beats.get(id)
    if (beat?.cancel) {
      beat.again = true
      return
    }
    this.#beats.set(id, { again: false, cancel: this.#parts.clock.setTimer(() => this.#afterBeat(id), HEADS_EVERY_MS) })
    this.#sendHeads(id).catch((error) =>
      this.#parts.log.debug({ contextId: id, error: String(error) }, 'heads not sent'),
    )
  }

  close(): void {
    this.#closed = true
    for (const beat of this.#beats.values()) beat.cancel?.()
  }

  #afterBeat(id: ContextId): void {
    const again = this.#beats.get(id)?.again ?? false
    this.#beats.delete(id)
    if (again && !this.#closed) this.announceHeads(id)
  }

  async #sendHeads(id: ContextId): Promise<void> {
    const { directory, network } = this.#parts
    const context = await directory.context(id)
    if (!context) return
    const beat = context.beat()
    // Read again from the store a moment ago, and not yet looked at: the next beat has it.
    if (beat === undefined) return
    // Of heads that come before their deltas a member would ask for these. Where they cannot be sent, it is to.
    await this.#outgoing.flush(id).catch(() => {})
    await network.publish(topicName({ kind: 'context', id }), encodeGossip({ t: 'heads', ...beat }))
  }

  async #sendDeltas(id: ContextId, deltas: readonly Delta[]): Promise<void> {
    for (const gossip of framesOf(deltas)) {
      await this.#parts.network.publish(topicName({ kind: 'context', id }), encodeGossip(gossip))
    }
  }

  #subscribe(topic: string, handle: (from: PeerId, gossip: Gossip) => Promise<void>): void {
    const { network, clock } = this.#parts
    network.subscribe(topic, (from, data) => {
      this.#received += 1
      // One peer may fill its share of a topic, and of our memory, and not that of the others.
      const isFull =
        this.#inbound.get(topic) >= INBOUND_WAITING_MAX ||
        this.#inbound.get(`${topic} ${from}`) >= INBOUND_PEER_WAITING_MAX ||
        this.#inbound.get(from) + data.byteLength > INBOUND_PEER_BYTES_MAX
      if (this.#closed || isFull) {
        this.#dropped += 1
        return
      }
      const count = (step: 1 | -1) => {
        this.#inbound.add(topic, step)
        this.#inbound.add(`${topic} ${from}`, step)
        this.#inbound.add(from, step * data.byteLength)
      }
      count(1)
      const sinceMs = clock.nowMs()
      Promise.resolve()
        .then(() => handle(from, decodeGossip(data)))
        .catch((error) => this.#parts.log.debug({ topic, from, error: String(error) }, 'gossip not taken'))
        .finally(() => {
          count(-1)
          this.#handled += 1
          this.#handledMs += clock.nowMs() - sinceMs
        })
    })
  }

  async #onContext(id: ContextId, from: PeerId, gossip: Gossip): Promise<void> {
    const { directory, pull } = this.#parts
    const context = await directory.context(id)
    if (!context) return
    if (gossip.t === 'presence' && gossip.contextId === id) directory.receivePresence(gossip)
    if (gossip.t === 'deltas') await context.receive(gossip.items.map(decodeDelta), from)
    if (gossip.t === 'announce') {
      const lacking = lackedOf(
        context,
        gossip.items.map((item) => item.id),
      )
      if (lacking.length > 0) pull(id, from, lacking, true)
    }
    if (gossip.t === 'heads') await this.#onHeads(id, context, { from, beat: gossip })
  }

  async #onHeads(
    id: ContextId,
    context: SyncedContext,
    { from, beat }: { readonly from: PeerId; readonly beat: HeadsBeat },
  ): Promise<void> {
    const { directory, network, pull, onCheckpoint } = this.#parts
    if (beat.contextId !== id || !directory.mayRead(id, beat.author) || !verifyHeads(beat)) return
    await context.acknowledge([beat])
    const lacking = lackedOf(context, beat.heads)
    // First: who still lacks what a checkpoint contains would take the whole state.
    if (lacking.length > 0) return pull(id, from, lacking, false)
    // Who was removed is brought up to nobody's state any more.
    if (!directory.mayRead(id, publicKeyOfPeer(network.peerId))) return
    if (beat.checkpoint && !context.hasStoodOn(beat.checkpoint)) onCheckpoint(id, beat.author, beat.checkpoint)
    this.#compareRoots(id, context, beat)
  }

  /** Equal heads and checkpoints and another root is a defect, never a state that passes (I5). */
  #compareRoots(id: ContextId, context: SyncedContext, beat: HeadsBeat): void {
    const { removals } = context
    if (removals === undefined || !equalBytes(removals, beat.removals)) return
    if (!sameIds(context.heads(), beat.heads)) return
    const apart = this.#apart.get(id) ?? new Map<PublicKey, number>()
    this.#apart.set(id, apart)
    if (context.root === beat.root) {
      apart.delete(beat.author)
      return
    }
    const fields = { contextId: id, member: beat.author, root: context.root, theirRoot: beat.root }
    if (!equalBytes(context.beneath ?? EMPTY, beat.checkpoint ?? EMPTY)) {
      // The greater checkpoint is on its way, and must come.
      const beats = (apart.get(beat.author) ?? 0) + 1
      apart.set(beat.author, beats)
      if (beats === APART_BEATS_MAX) {
        this.#diverged += 1
        this.#parts.log.error({ ...fields, beats }, 'state diverged: a member stays on another checkpoint')
      } else this.#parts.log.info(fields, 'a member stands on another checkpoint')
      return
    }
    this.#diverged += 1
    this.#parts.log.error(fields, 'state diverged: the same heads, another root')
    context.doubt({ member: beat.author, ours: context.root, theirs: beat.root }).catch((error) => {
      this.#parts.log.debug({ ...fields, error: String(error) }, 'a root is doubted')
    })
  }

  async #onNamespace(id: NamespaceId, from: PeerId, gossip: Gossip): Promise<void> {
    const namespace = this.#parts.directory.namespace(id)
    if (namespace && gossip.t === 'ops') await namespace.receive(gossip.items.map(decodeOp), from)
  }
}

/** Numbers by name; what is zero takes no memory. */
class Tally {
  readonly #numbers = new Map<string, number>()

  get(name: string): number {
    return this.#numbers.get(name) ?? 0
  }

  add(name: string, step: number): void {
    const number = this.get(name) + step
    if (number === 0) this.#numbers.delete(name)
    else this.#numbers.set(name, number)
  }
}

function sameIds(a: readonly DeltaId[], b: readonly DeltaId[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index])
}

function lackedOf(context: { holds(id: DeltaId): boolean }, ids: readonly DeltaId[]): DeltaId[] {
  return ids.filter((id) => !context.holds(id))
}

/** Deltas in frames that gossip carries; a delta that is too large is announced instead. */
function framesOf(deltas: readonly Delta[]): Gossip[] {
  const frames: Gossip[] = []
  const large: { id: DeltaId; parents: readonly DeltaId[] }[] = []
  let items: Uint8Array[] = []
  let size = 0
  for (const delta of deltas) {
    const bytes = encodeDelta(delta)
    if (bytes.byteLength > GOSSIP_DELTA_BYTES_MAX) {
      large.push({ id: delta.id, parents: delta.parents })
      continue
    }
    if (size + bytes.byteLength > GOSSIP_DELTA_BYTES_MAX || items.length >= GOSSIP_ITEMS_MAX) {
      frames.push({ t: 'deltas', items })
      items = []
      size = 0
    }
    items.push(bytes)
    size += bytes.byteLength
  }
  if (items.length > 0) frames.push({ t: 'deltas', items })
  if (large.length > 0) frames.push({ t: 'announce', items: large })
  return frames
}
