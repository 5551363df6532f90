// Undo records and their bytes, as kept with each applied delta.
import type { Bytes } from '../base/bytes.ts'
import { readCbor } from '../wire/cbor-reader.ts'
import { writeCbor } from '../wire/cbor-writer.ts'
import { StorageError } from './errors.ts'
import { UNDO_BYTES_MAX } from './limits.ts'
import type { StateChange, UndoRecord } from './state-view.ts'

const VERSION = 1
/** Its size is bounded: as many changes as there is room for. */
const LIMITS = { depthMax: 3, itemsMax: UNDO_BYTES_MAX }

export function encodeUndo(undo: UndoRecord): Bytes {
  return writeCbor([VERSION, undo.previous.map(({ key, value }) => [key, value])])
}

/** Throws StorageError UNDO_INVALID. */
export function decodeUndo(bytes: Bytes): UndoRecord {
  if (bytes.byteLength > UNDO_BYTES_MAX)
    throw invalid(`it has ${bytes.byteLength} bytes, the limit is ${UNDO_BYTES_MAX}`)
  let row: unknown
  try {
    row = readCbor(bytes, LIMITS)
  } catch (cause) {
    throw invalid('it is not DAG-CBOR', cause)
  }
  if (!Array.isArray(row) || row.length !== 2 || row[0] !== VERSION || !Array.isArray(row[1]))
    throw invalid('wrong shape')
  return { previous: row[1].map(parseChange) }
}

function parseChange(pair: unknown): StateChange {
  if (!Array.isArray(pair) || pair.length !== 2) throw invalid('wrong shape')
  const [key, value]: unknown[] = pair
  if (!(key instanceof Uint8Array) || !(value === null || value instanceof Uint8Array)) throw invalid('wrong shape')
  return { key, value }
}

function invalid(why: string, cause?: unknown): StorageError {
  return new StorageError('UNDO_INVALID', `an undo record cannot be read: ${why}; the state is made anew`, { cause })
}
