// One context as its rows tell it: state, graph, what waits, handlers.
import { type ContextId, type DeltaId, idBase58, idBytes, idFromBytes, stampOf } from '../base/ids.ts'
import { ContextStore, type StoredHandler } from '../context/context-store.ts'
import { floorOf } from '../context/retention/checkpoint.ts'
import { readIncomingMeta, readStateMeta } from '../storage/state-meta.ts'
import { contextMetaKey, keyOf } from '../store/keys.ts'
import type { StoreReader } from '../store/store.ts'
import { type ContextRow, decodeRow } from '../wire/records.ts'
import { Heads } from './heads.ts'
import { onlyRead, parkedDelta, readable, storedDelta, UNREADABLE } from './readable.ts'
import { countRows } from './stored-ids.ts'

export interface InspectedContext {
  /** As clients write it; `hex` is how logs do. */
  readonly contextId: string
  readonly hex: ContextId
  readonly name: string | null
  readonly namespaceId: string
  readonly groupId: string
  readonly applicationId: string
  /** Whose the data types are: the application's own, or the host's. */
  readonly storage: 'guest' | 'host'
  /** The node has left it. */
  readonly left: boolean
  readonly state: {
    readonly root: string
    readonly entries: number
    readonly bytes: number
    readonly arriving: boolean
    /** Why it is to be made anew. */
    readonly damaged: string | null
  }
  readonly base: { readonly root: string; readonly entries: number }
  readonly dag: {
    readonly deltas: Readonly<Record<string, number>>
    readonly heads: readonly DeltaId[]
    readonly newest: string | null
    readonly undo: number
    readonly checkpoint: { readonly last: DeltaId; readonly count: number; readonly vouches: number } | null
  }
  readonly parked: Readonly<Record<string, number>>
  readonly outbox: number
  readonly handlers: number
  readonly deadLetters: number
  /** To other contexts, still to be made. */
  readonly calls: number
  readonly toBeWrittenAgain: number
}

export async function inspectContext(store: StoreReader, id: ContextId): Promise<InspectedContext> {
  const bytes = Buffer.from(id, 'hex')
  const row = decodeRow<ContextRow>('context', store.get(keyOf('context', bytes)) ?? new Uint8Array())
  const rows = new ContextStore(store, id)
  const meta = readStateMeta(store, id)
  const count = async (kind: 'base' | 'outbox' | 'handler' | 'deadLetter' | 'xcall' | 'reissue') =>
    (await countRows(store, keyOf(kind, bytes))).rows
  return {
    contextId: idBase58(id),
    hex: id,
    name: row.name,
    namespaceId: Buffer.from(row.namespaceId).toString('hex'),
    groupId: Buffer.from(row.groupId).toString('hex'),
    applicationId: base58(row.applicationId),
    storage: row.storage,
    left: store.get(contextMetaKey(id, 'left')) !== undefined,
    state: {
      root: idBase58(meta.root),
      entries: meta.entryCount,
      bytes: meta.sizeBytes,
      arriving: readIncomingMeta(store, id) !== undefined,
      damaged: rows.damage()?.why ?? null,
    },
    base: { root: base58(row.baseRoot), entries: await count('base') },
    dag: await dagOf(store, rows, id),
    parked: await parkedOf(store, id),
    outbox: await count('outbox'),
    handlers: await count('handler'),
    deadLetters: await count('deadLetter'),
    calls: await count('xcall'),
    toBeWrittenAgain: await count('reissue'),
  }
}

/** The rows themselves, at most `limit` of each kind. */
export async function listRows(store: StoreReader, id: ContextId, limit: number) {
  const rows = new ContextStore(store, id)
  const parked = await take(onlyRead(readable(store, keyOf('parked', idBytes(id)), parkedDelta)), limit)
  const waiting = onlyRead(readable(store, keyOf('delta', idBytes(id)), storedDelta))
  const pending: { id: DeltaId; author: string; parents: readonly DeltaId[]; missing: DeltaId[] }[] = []
  for await (const { delta, status } of waiting) {
    if (pending.length >= limit) break
    if (status !== 'pending' && status !== 'again') continue
    const missing = delta.parents.filter((parent) => !rows.holds('graph', parent))
    pending.push({ id: delta.id, author: idBase58(delta.author), parents: delta.parents, missing })
  }
  return {
    pending,
    parked: parked.map(({ delta, reason, sinceMs }) => ({
      id: delta.id,
      author: idBase58(delta.author),
      reason,
      since: new Date(sinceMs).toISOString(),
    })),
    outbox: (await rows.outgoing()).slice(0, limit),
    handlers: (await take(rows.handlerRows(), limit)).map(handlerText),
    deadLetters: (await take(rows.deadLetters(), limit)).map(handlerText),
  }
}

function handlerText({ place, row }: StoredHandler) {
  const { kind, handler, attempts, depth, error } = row
  return { delta: Buffer.from(place.subarray(8, 40)).toString('hex'), kind, handler, attempts, depth, error }
}

async function dagOf(store: StoreReader, rows: ContextStore, id: ContextId): Promise<InspectedContext['dag']> {
  const pruned = rows.checkpoint()
  const checkpoint = pruned?.certified.checkpoint
  const heads = new Heads(floorOf(checkpoint)?.heads)
  const deltas: Record<string, number> = {}
  let newest: DeltaId | undefined
  for await (const read of readable(store, keyOf('delta', idBytes(id)), storedDelta)) {
    const status = read?.status ?? UNREADABLE
    deltas[status] = (deltas[status] ?? 0) + 1
    if (read === undefined) continue
    newest = read.delta.id
    if (read.status !== 'pending' && read.status !== 'again') heads.add(read.delta)
  }
  return {
    deltas,
    heads: heads.list(),
    newest: newest === undefined ? null : timeOf(newest),
    undo: (await countRows(store, keyOf('undo', Buffer.from(id, 'hex')))).rows,
    checkpoint:
      pruned && checkpoint
        ? { last: checkpoint.last, count: checkpoint.count, vouches: pruned.certified.vouches.length }
        : null,
  }
}

async function parkedOf(store: StoreReader, id: ContextId): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for await (const read of readable(store, keyOf('parked', idBytes(id)), parkedDelta)) {
    const reason = read?.reason ?? UNREADABLE
    counts[reason] = (counts[reason] ?? 0) + 1
  }
  return counts
}

/** Stamps are nanoseconds; those of a broken clock may be of no year that there is. */
function timeOf(id: DeltaId): string {
  const ms = Number(stampOf(id) / 1_000_000n)
  return ms < 8.64e15 ? new Date(ms).toISOString() : 'far in the future'
}

function base58(bytes: Uint8Array): string {
  return idBase58(idFromBytes<ContextId>(bytes))
}

async function take<T>(all: AsyncIterable<T>, limit: number): Promise<T[]> {
  const taken: T[] = []
  if (limit === 0) return taken
  for await (const each of all) if (taken.push(each) >= limit) break
  return taken
}
