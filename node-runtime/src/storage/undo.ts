// Undo records and their bytes, as kept with each applied delta.
import type { Bytes } from '../base/bytes.ts'
import { atOnce, type InPieces } from '../base/pieces.ts'
import { readListsInPieces } from '../wire/cbor-reader.ts'
import { writeListsInPieces } from '../wire/cbor-writer.ts'
import { StorageError } from './errors.ts'
import { STATE_PIECE, UNDO_BYTES_MAX } from './limits.ts'
import type { StateChange, UndoRecord } from './state-view.ts'

const VERSION = 1
/** Its size is bounded: as many changes as there is room for. */
const LIMITS = { depthMax: 3, itemsMax: UNDO_BYTES_MAX }

export function encodeUndo(undo: UndoRecord): Bytes {
  return atOnce(encodeUndoInPieces(undo))
}

export function* encodeUndoInPieces({ previous }: UndoRecord): InPieces<Bytes> {
  const pairs: (Bytes | null)[][] = []
  for (const { key, value } of previous) if (pairs.push([key, value]) % STATE_PIECE === 0) yield
  return yield* writeListsInPieces([VERSION, pairs], STATE_PIECE)
}

/** Throws StorageError UNDO_INVALID. */
export function decodeUndo(bytes: Bytes): UndoRecord {
  return atOnce(undoInPieces(bytes))
}

/** As `decodeUndo`. */
export function* undoInPieces(bytes: Bytes): InPieces<UndoRecord> {
  if (bytes.byteLength > UNDO_BYTES_MAX)
    throw invalid(`it has ${bytes.byteLength} bytes, the limit is ${UNDO_BYTES_MAX}`)
  let row: unknown
  try {
    row = yield* readListsInPieces(bytes, LIMITS, STATE_PIECE)
  } catch (cause) {
    throw invalid('it is not DAG-CBOR', cause)
  }
  if (!Array.isArray(row) || row.length !== 2 || row[0] !== VERSION || !Array.isArray(row[1]))
    throw invalid('wrong shape')
  const previous: StateChange[] = []
  for (const pair of row[1]) if (previous.push(parseChange(pair)) % STATE_PIECE === 0) yield
  return { previous }
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
