// The meta rows of a context's state: which generation is current, its root and size; and the generation that a
// snapshot is being received into, with how far it got.
import type { Bytes } from '../base/bytes.ts'
import { type ContextId, IdError, idBase58, idBytes, idFromBytes, type RootHash } from '../base/ids.ts'
import { contextMetaKey } from '../store/keys.ts'
import type { StoreOp, StoreReader } from '../store/store.ts'
import { readCbor } from '../wire/cbor-reader.ts'
import { writeCbor } from '../wire/cbor-writer.ts'
import { StorageError } from './errors.ts'
import { EMPTY_ROOT } from './trie-node.ts'

export interface StateMeta {
  readonly generation: number
  readonly root: RootHash
  readonly entryCount: number
  /** Keys and values together. */
  readonly sizeBytes: number
}

export interface IncomingMeta extends StateMeta {
  /** Names the snapshot that is received, so that only the same one is resumed. */
  readonly token: Bytes
  /** The last key received. */
  readonly after?: Bytes
}

const LIMITS = { depthMax: 1, itemsMax: 100 }

export const NO_STATE: StateMeta = { generation: 0, root: EMPTY_ROOT, entryCount: 0, sizeBytes: 0 }

export const stateMetaKey = (contextId: ContextId): Bytes => contextMetaKey(contextId, 'state')
export const incomingMetaKey = (contextId: ContextId): Bytes => contextMetaKey(contextId, 'incoming')

/** NO_STATE for a context without rows. Works on a snapshot and in a worker as well. */
export function readStateMeta(reader: StoreReader, contextId: ContextId): StateMeta {
  const bytes = reader.get(stateMetaKey(contextId))
  return bytes === undefined ? NO_STATE : parseMeta(decodeRow(bytes, contextId), contextId)
}

export function readIncomingMeta(reader: StoreReader, contextId: ContextId): IncomingMeta | undefined {
  const bytes = reader.get(incomingMetaKey(contextId))
  if (bytes === undefined) return undefined
  const row = decodeRow(bytes, contextId)
  const { token, after } = row
  if (!(token instanceof Uint8Array)) throw corruptMeta(contextId)
  return { ...parseMeta(row, contextId), token, ...(after instanceof Uint8Array ? { after } : {}) }
}

export function putStateMeta(contextId: ContextId, meta: StateMeta): StoreOp {
  return { type: 'put', key: stateMetaKey(contextId), value: writeCbor(rowOf(meta)) }
}

export function putIncomingMeta(contextId: ContextId, meta: IncomingMeta): StoreOp {
  const { token, after } = meta
  const value = writeCbor({ ...rowOf(meta), token, ...(after === undefined ? {} : { after }) })
  return { type: 'put', key: incomingMetaKey(contextId), value }
}

function rowOf(meta: StateMeta): Record<string, unknown> {
  const { generation, root, entryCount, sizeBytes } = meta
  return { v: 1, generation, root: idBytes(root), entryCount, sizeBytes }
}

function decodeRow(bytes: Bytes, contextId: ContextId): Record<string, unknown> {
  let row: unknown
  try {
    row = readCbor(bytes, LIMITS)
  } catch (cause) {
    throw corruptMeta(contextId, cause)
  }
  if (typeof row !== 'object' || row === null || !('v' in row) || row.v !== 1) throw corruptMeta(contextId)
  return row as Record<string, unknown>
}

function parseMeta(row: Record<string, unknown>, contextId: ContextId): StateMeta {
  const { generation, root, entryCount, sizeBytes } = row
  if (!isCount(generation) || !isCount(entryCount) || !isCount(sizeBytes) || !(root instanceof Uint8Array)) {
    throw corruptMeta(contextId)
  }
  try {
    return { generation, root: idFromBytes<RootHash>(root), entryCount, sizeBytes }
  } catch (cause) {
    throw cause instanceof IdError ? corruptMeta(contextId, cause) : cause
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function corruptMeta(contextId: ContextId, cause?: unknown): StorageError {
  return new StorageError(
    'STATE_CORRUPT',
    `the state record of context ${idBase58(contextId)} cannot be read; the state is made anew`,
    {
      cause,
      data: { contextId },
    },
  )
}
