// The asking side: one kind of pull a function, and the rule that a topic is pulled from a peer once at a time.
import type { Bytes } from '../base/bytes.ts'
import type { BlobId, ContextId, DeltaId, GroupId, OpId } from '../base/ids.ts'
import type { Network, PeerId } from '../network/network.ts'
import { type Delta, decodeDelta } from '../wire/delta.ts'
import type { Invitation } from '../wire/invitation.ts'
import { DELTA_BYTES_MAX, HEADS_MAX, OP_BYTES_MAX, OPS_WITH_KEYS_MAX } from '../wire/limits.ts'
import { decodeOp, encodeOp } from '../wire/op.ts'
import type { SyncFrame } from '../wire/sync-messages.ts'
import { ask, itemsOf } from './conversation.ts'
import { SyncError } from './errors.ts'
import { RECEIVE_BATCH, RECEIVE_BATCH_BYTES } from './limits.ts'
import type { BlobSource, SyncedContext, SyncedNamespace } from './ports.ts'

export interface Source {
  readonly network: Network
  readonly peer: PeerId
  readonly signal: AbortSignal
}

/** Takes what the peer has and we lack. Returns how many deltas came. */
export async function pullDeltas(source: Source, context: SyncedContext, contextId: ContextId): Promise<number> {
  let total = 0
  const sent = new Tips<DeltaId>()
  for (;;) {
    const before = sent.digest()
    const answer = await pullDeltasOnce(source, context, contextId, sent)
    total += answer.fresh
    // A peer that says "more" and sends the same again is not asked again.
    if (!answer.more || (answer.fresh === 0 && sent.digest() === before)) return total
  }
}

async function pullDeltasOnce(source: Source, context: SyncedContext, contextId: ContextId, sent: Tips<DeltaId>) {
  let more = false
  let fresh = 0
  let batch: Delta[] = []
  let bytes = 0
  const flush = async () => {
    const deltas = batch
    batch = []
    bytes = 0
    fresh += deltas.length
    if (deltas.length > 0) await context.receive(deltas, source.peer)
  }
  const onEnd = (end: { more: boolean }) => {
    more = end.more
  }
  // Our own ids may mean nothing to the peer; the newest of what it has sent just now cover all that it has sent.
  const have = [...new Set([...sent.ids(), ...context.locator()])].slice(0, HEADS_MAX).sort()
  const frames = ask({ ...source, request: { t: 'deltas', contextId, have } })
  try {
    for await (const items of itemsOf(watchEnd(frames, onEnd), DELTA_BYTES_MAX)) {
      for (const item of items) {
        const delta = decodeDelta(item)
        sent.add(delta)
        if (context.holds(delta.id)) continue
        batch.push(delta)
        bytes += item.byteLength
        if (batch.length >= RECEIVE_BATCH || bytes >= RECEIVE_BATCH_BYTES) await flush()
      }
    }
  } finally {
    // What came before a break counts: the next pull goes on from there.
    await flush()
  }
  return { more, fresh }
}

/** Of what came ancestors first, that which no other names as its parent. */
class Tips<I extends DeltaId | OpId> {
  readonly #ids = new Set<I>()

  add({ id, parents }: { readonly id: I; readonly parents: readonly I[] }): void {
    for (const parent of parents) this.#ids.delete(parent)
    this.#ids.add(id)
  }

  ids(): I[] {
    return [...this.#ids]
  }

  digest(): string {
    return this.ids().sort().join()
  }
}

export async function pullOps(source: Source, namespace: SyncedNamespace, invitation?: Invitation): Promise<number> {
  let accepted = 0
  const sent = new Tips<OpId>()
  for (let more = true; more; ) {
    more = false
    let came = 0
    const before = sent.digest()
    const have = [...new Set([...sent.ids(), ...namespace.heads()])].slice(0, HEADS_MAX).sort()
    const request = { t: 'ops' as const, namespaceId: namespace.id, have }
    const frames = ask({ ...source, request: invitation ? { ...request, invitation } : request })
    const onEnd = (end: { more: boolean }) => {
      more = end.more
    }
    for await (const items of itemsOf(watchEnd(frames, onEnd), OP_BYTES_MAX)) {
      const ops = items.map(decodeOp)
      for (const op of ops) sent.add(op)
      came += await namespace.receive(ops, source.peer)
    }
    accepted += came
    if (came === 0 && sent.digest() === before) more = false
  }
  return accepted
}

/** Returns how many keys are new. Throws SyncError when the peer has none for us. */
export async function pullKeys(source: Source, namespace: SyncedNamespace, groupId: GroupId): Promise<number> {
  const ops = namespace.opsNotIn([], Number.MAX_SAFE_INTEGER).slice(-OPS_WITH_KEYS_MAX).map(encodeOp)
  const sealed: Bytes[] = []
  const request = { t: 'keys' as const, namespaceId: namespace.id, groupId, ops }
  for await (const items of itemsOf(ask({ ...source, request }), OP_BYTES_MAX)) sealed.push(...items)
  return namespace.receiveKeys(groupId, sealed)
}

export async function pullBlob(
  source: Source,
  namespace: SyncedNamespace,
  blobId: BlobId,
  blobs: BlobSource,
): Promise<void> {
  const request = { t: 'blob' as const, namespaceId: namespace.id, blobId }
  await blobs.put(chunksOf(ask({ ...source, request })), blobId)
}

export async function* pullBase(source: Source, contextId: ContextId): AsyncGenerator<readonly [Bytes, Bytes]> {
  for await (const frame of ask({ ...source, request: { t: 'base', contextId } })) {
    if (frame.t !== 'entries') continue
    for (const { key, value } of frame.entries) yield [key, value]
  }
}

async function* chunksOf(frames: AsyncIterable<SyncFrame>): AsyncGenerator<Bytes> {
  for await (const frame of frames) if (frame.t === 'chunk') yield frame.bytes
}

async function* watchEnd(
  frames: AsyncIterable<SyncFrame>,
  onEnd: (end: Extract<SyncFrame, { t: 'end' }>) => void,
): AsyncGenerator<SyncFrame> {
  for await (const frame of frames) {
    if (frame.t === 'end') onEnd(frame)
    else yield frame
  }
}

/** Tries peers one after another. Throws SYNC_NO_PEER with every failure when none succeeds. */
export async function firstOf<T>(
  what: string,
  peers: readonly PeerId[],
  attempt: (peer: PeerId) => Promise<T>,
): Promise<T> {
  const failures: string[] = []
  for (const peer of peers) {
    try {
      return await attempt(peer)
    } catch (error) {
      failures.push(`${peer}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const seen = failures.length === 0 ? 'no member is connected' : failures.join('; ')
  throw new SyncError('SYNC_NO_PEER', `no connected member gave ${what}: ${seen}`, { data: { failures } })
}
