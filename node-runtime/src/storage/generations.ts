// Removes generations of a state that nothing refers to: those a snapshot replaced, and receipts that were given up.
// Safe to be cut short anywhere: it only ever deletes what the meta rows do not name.
import { type Bytes, concat, EMPTY, u32be } from '../base/bytes.ts'
import { type ContextId, ID_LENGTH, idBytes, idFromBytes } from '../base/ids.ts'
import { StoreError } from '../store/errors.ts'
import { type KeyKind, keyOf, merklePrefix } from '../store/keys.ts'
import { rangeOf, type Store, type StoreReader } from '../store/store.ts'
import { StorageError } from './errors.ts'
import { COMPACT_BYTES_MIN, SWEEP_BATCH_ROWS } from './limits.ts'
import {
  type IncomingMeta,
  incomingMetaKey,
  putIncomingMeta,
  readIncomingMeta,
  readStateMeta,
  stateMetaKey,
} from './state-meta.ts'
import { EMPTY_ROOT } from './trie-node.ts'

/** The tree first: its node at the top has the first key of all. */
const KINDS = ['merkle', 'state'] as const satisfies readonly KeyKind[]

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

/**
 * A receipt that nobody will go on with. Its row goes last: what is cut short is found by it, and done again. Of the generation
 * the top of the tree goes first, so that nobody goes on with what is left.
 */
export async function dropIncoming(store: Store, contextId: ContextId): Promise<void> {
  const generation = readable(() => readIncomingMeta(store, contextId))?.generation
  if (generation !== undefined && generation !== currentGeneration(store, contextId)) {
    await dropGeneration(store, contextId, generation)
  }
  const key = incomingMetaKey(contextId)
  if (store.get(key) !== undefined) await store.batch([{ type: 'del', key }])
  await sweepGenerations(store, contextId)
}

/**
 * Of one context; run it after a snapshot was swapped in. Must not run beside a `SnapshotWriter.open` of the context. Where no meta
 * row says which is the state of a context that is here, any may be, and all stay.
 */
export async function sweepGenerations(store: Store, contextId: ContextId): Promise<void> {
  const current = currentGeneration(store, contextId)
  if (current === undefined && store.get(keyOf('context', idBytes(contextId))) !== undefined) return
  const incoming = receiptOf(store, contextId)?.generation
  for (const generation of await generationsIn(store, contextId)) {
    if (generation !== current && generation !== incoming) await dropGeneration(store, contextId, generation)
  }
}

/** What can be gone on with: not what cannot be read, nor what is being removed. */
export function receiptOf(store: StoreReader, contextId: ContextId): IncomingMeta | undefined {
  const incoming = readable(() => readIncomingMeta(store, contextId))
  if (incoming === undefined || incoming.root === EMPTY_ROOT) return incoming
  return store.get(merklePrefix(contextId, incoming.generation)) === undefined ? undefined : incoming
}

/** Which may be the state: the one that its meta row names; where that is lost, what else there is, the newest first. */
export async function stateGenerations(store: Store, contextId: ContextId): Promise<number[]> {
  const current = currentGeneration(store, contextId)
  if (current !== undefined) return [current]
  const incoming = readable(() => readIncomingMeta(store, contextId))?.generation
  return (await generationsIn(store, contextId)).filter((generation) => generation !== incoming).reverse()
}

/** Above all that are there: what one of them has left is never part of another. */
export async function nextGeneration(store: Store, contextId: ContextId): Promise<number> {
  const last = (await generationsIn(store, contextId)).at(-1) ?? 0
  return Math.max(last, currentGeneration(store, contextId) ?? 0) + 1
}

/** On a full disk what is left of a receipt goes at a later start, or when its time is over. */
async function sweepAtStart(store: Store, contextId: ContextId): Promise<void> {
  const receipt = receiptOf(store, contextId)
  const isKept = receipt !== undefined && (await hasRoom(store, contextId, receipt))
  await unlessFull(() => (isKept ? sweepGenerations(store, contextId) : dropIncoming(store, contextId)))
}

/** For the rest of a receipt that is under way. Where it has filled the disk it goes, else nothing could be written any more. */
function hasRoom(store: Store, contextId: ContextId, receipt: IncomingMeta): Promise<boolean> {
  return unlessFull(() => store.batch([putIncomingMeta(contextId, receipt)]))
}

/** Undefined: none, or its row cannot be read. */
function currentGeneration(store: StoreReader, contextId: ContextId): number | undefined {
  if (store.get(stateMetaKey(contextId)) === undefined) return undefined
  return readable(() => readStateMeta(store, contextId))?.generation
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof StorageError) return undefined
    throw error
  }
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

/** Those that have rows, in their order. */
async function generationsIn(store: Store, contextId: ContextId): Promise<number[]> {
  const found = new Set<number>()
  for (const kind of KINDS) {
    const prefix = keyOf(kind, idBytes(contextId))
    const end = rangeOf(prefix).lt
    for (let key = await firstKey(store, prefix, end); key !== undefined; ) {
      const generation = generationOf(key, prefix.byteLength)
      found.add(generation)
      key = await firstKey(store, rangeOf(concat([prefix, u32be(generation)])).lt, end)
    }
  }
  return [...found].sort((a, b) => a - b)
}

function generationOf(key: Bytes, at: number): number {
  return new DataView(key.buffer, key.byteOffset, key.byteLength).getUint32(at)
}

async function dropGeneration(store: Store, contextId: ContextId, generation: number): Promise<void> {
  for (const kind of KINDS) {
    await deleteRange(store, rangeOf(keyOf(kind, idBytes(contextId), u32be(generation))))
  }
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
    if (keys.length > 0) await store.batch(keys.map((key) => ({ type: 'del', key })))
    from = keys.length < SWEEP_BATCH_ROWS ? undefined : (keys.at(-1) ?? EMPTY)
  }
  if (bytes >= COMPACT_BYTES_MIN) await store.compact?.(range)
}
