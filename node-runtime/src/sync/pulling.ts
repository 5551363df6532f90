// The asking side: one kind of pull a function, and the rule that a topic is pulled from a peer once at a time.
import type { Bytes } from '../base/bytes.ts'
import type { BlobId, ContextId, GroupId } from '../base/ids.ts'
import type { Network, PeerId } from '../network/network.ts'
import { type Delta, decodeDelta } from '../wire/delta.ts'
import type { Invitation } from '../wire/invitation.ts'
import { DELTA_BYTES_MAX, OP_BYTES_MAX, OPS_WITH_KEYS_MAX } from '../wire/limits.ts'
import { decodeOp, encodeOp } from '../wire/op.ts'
import type { SyncFrame } from '../wire/sync-messages.ts'
import { ask, itemsOf } from './conversation.ts'
import { SyncError } from './errors.ts'
import { RECEIVE_BATCH } from './limits.ts'
import type { BlobSource, SyncedContext, SyncedNamespace } from './ports.ts'

export interface Source {
  readonly network: Network
  readonly peer: PeerId
  readonly signal: AbortSignal
}

/** Takes what the peer has and we lack. Returns how many deltas came. */
export async function pullDeltas(source: Source, context: SyncedContext, contextId: ContextId): Promise<number> {
  let total = 0
  for (;;) {
    const answer = await pullDeltasOnce(source, context, contextId)
    total += answer.fresh
    // A peer that says "more" without sending anything new is not asked again.
    if (!answer.more || answer.fresh === 0) return total
  }
}

async function pullDeltasOnce(source: Source, context: SyncedContext, contextId: ContextId) {
  let more = false
  let fresh = 0
  let batch: Delta[] = []
  const flush = async () => {
    if (batch.length > 0) await context.receive(batch, source.peer)
    fresh += batch.length
    batch = []
  }
  const onEnd = (end: { more: boolean }) => {
    more = end.more
  }
  const frames = ask({ ...source, request: { t: 'deltas', contextId, have: context.locator() } })
  for await (const items of itemsOf(watchEnd(frames, onEnd), DELTA_BYTES_MAX)) {
    for (const item of items) {
      const delta = decodeDelta(item)
      if (!context.holds(delta.id)) batch.push(delta)
      if (batch.length >= RECEIVE_BATCH) await flush()
    }
  }
  await flush()
  return { more, fresh }
}

export async function pullOps(source: Source, namespace: SyncedNamespace, invitation?: Invitation): Promise<number> {
  let accepted = 0
  for (let more = true; more; ) {
    more = false
    let came = 0
    const request = { t: 'ops' as const, namespaceId: namespace.id, have: namespace.heads() }
    const frames = ask({ ...source, request: invitation ? { ...request, invitation } : request })
    for await (const items of itemsOf(
      watchEnd(frames, (end) => (more = end.more)),
      OP_BYTES_MAX,
    )) {
      came += await namespace.receive(items.map(decodeOp), source.peer)
    }
    accepted += came
    if (came === 0) more = false
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
