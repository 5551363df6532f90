// Removes generations of a state that nothing refers to: those a snapshot replaced, and receipts that were given up.
// Safe to be cut short anywhere: it only ever deletes what the meta rows do not name.
import { type Bytes, concat, EMPTY, u32be } from '../base/bytes.ts'
import { type ContextId, ID_LENGTH, idBytes, idFromBytes } from '../base/ids.ts'
import { StoreError } from '../store/errors.ts'
import { type KeyKind, keyOf } from '../store/keys.ts'
import { rangeOf, type Store } from '../store/store.ts'
import { StorageError } from './errors.ts'
import { COMPACT_BYTES_MIN, SWEEP_BATCH_ROWS } from './limits.ts'
import { incomingMetaKey, putIncomingMeta, readIncomingMeta, readStateMeta } from './state-meta.ts'

const KINDS = ['state', 'merkle'] as const satisfies readonly KeyKind[]

/** Of every context; run it at start, before anything else writes. */
export async function sweepAllGenerations(store: Store): Promise<void> {
  for (const kind of KINDS) {
    const { gte, lt } = rangeOf(keyOf(kind))
    for (let key = await firstKey(store, gte, lt); key !== undefined; ) {
      const contextId = idFromBytes<ContextId>(key.subarray(2, 2 + ID_LENGTH))
      await sweepAtStart(store, contextId)
      key = await firstKey(store, rangeOf(keyOf(kind, idBytes(contextId))).lt, lt)
    }
  }
}

/** A receipt that nobody will go on with. */
export async function dropIncoming(store: Store, contextId: ContextId): Promise<void> {
  await store.batch([{ type: 'del', key: incomingMetaKey(contextId) }])
  await sweepGenerations(store, contextId)
}

/** Of one context; run it after a snapshot was swapped in. Must not run beside a `SnapshotWriter.open` of the context. */
export async function sweepGenerations(store: Store, contextId: ContextId): Promise<void> {
  const keep = new Set([readStateMeta(store, contextId).generation])
  const incoming = readIncomingMeta(store, contextId)
  if (incoming !== undefined) keep.add(incoming.generation)
  for (const kind of KINDS) {
    const prefix = keyOf(kind, idBytes(contextId))
    const end = rangeOf(prefix).lt
    for (let key = await firstKey(store, prefix, end); key !== undefined; ) {
      const generation = generationOf(key, prefix.byteLength)
      const range = rangeOf(concat([prefix, u32be(generation)]))
      if (!keep.has(generation)) await deleteRange(store, range)
      key = await firstKey(store, range.lt, end)
    }
  }
}

/** Where it cannot be read what is to be kept, all is: who opens the context makes its state anew. */
async function sweepAtStart(store: Store, contextId: ContextId): Promise<void> {
  try {
    if (await hasRoom(store, contextId)) await sweepGenerations(store, contextId)
    else await unlessFull(() => dropIncoming(store, contextId))
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
  }
}

/** For the rest of a receipt that is under way. Where it has filled the disk it goes, else nothing could be written any more. */
async function hasRoom(store: Store, contextId: ContextId): Promise<boolean> {
  const incoming = readIncomingMeta(store, contextId)
  return incoming === undefined || unlessFull(() => store.batch([putIncomingMeta(contextId, incoming)]))
}

async function unlessFull(work: () => Promise<void>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (error instanceof StoreError && error.code === 'STORE_FULL') return false
    throw error
  }
}

function generationOf(key: Bytes, at: number): number {
  return new DataView(key.buffer, key.byteOffset, key.byteLength).getUint32(at)
}

async function firstKey(store: Store, gte: Bytes, lt: Bytes): Promise<Bytes | undefined> {
  for await (const [key] of store.entries({ gte, lt, limit: 1 })) return key
  return undefined
}

async function deleteRange(store: Store, range: { gte: Bytes; lt: Bytes }): Promise<void> {
  let bytes = 0
  for (let from: Bytes | undefined = range.gte; from !== undefined; ) {
    const keys: Bytes[] = []
    for await (const [key, value] of store.entries({ gte: from, lt: range.lt, limit: SWEEP_BATCH_ROWS })) {
      keys.push(key)
      bytes += key.byteLength + value.byteLength
    }
    await store.batch(keys.map((key) => ({ type: 'del', key })))
    from = keys.length < SWEEP_BATCH_ROWS ? undefined : (keys.at(-1) ?? EMPTY)
  }
  if (bytes >= COMPACT_BYTES_MIN) await store.compact?.(range)
}
