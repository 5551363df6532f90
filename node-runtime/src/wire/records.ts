// The node's own rows: what `context/` keeps in the store beside the state. DAG-CBOR like everything on the wire, so
// that one reader covers both; a row that does not decode means a damaged store and is reported as such.
import { decode, encode } from '@ipld/dag-cbor'
import type { Bytes } from '../base/bytes.ts'
import { CodedError } from '../base/errors.ts'

export class RecordError extends CodedError<'RECORD_DAMAGED'> {}

/**
 * `applied`: in the state. `pending`: waits for parents. `again`: likewise, but it was in the state before that was
 * replaced by a snapshot, and its handlers have had their rows.
 * `void`: its author was removed, and it never counted here. `voided`: it did before the removal came, and its handlers
 * have had their rows.
 */
export interface DeltaRow {
  readonly v: 1
  readonly delta: Bytes
  readonly status: 'applied' | 'pending' | 'again' | 'void' | 'voided'
}

/** Waits for a key, for governance, for its time (the stamp is far ahead), or for a machine that applies it in time. */
export interface ParkedRow {
  readonly v: 1
  readonly delta: Bytes
  readonly reason: 'key' | 'governance' | 'future' | 'machine'
  readonly sinceMs: number
}

/** One entry of the stack of applied deltas; `undo` takes its effect away. */
export interface UndoRow {
  readonly v: 1
  readonly deltaId: Bytes
  readonly undo: Bytes
}

/** What is behind it has no rows, or rows that are being removed. */
export interface CheckpointRow {
  readonly v: 1
  /** The encoded checkpoint. */
  readonly checkpoint: Bytes
  /** Position in the stack of the first delta that is not in it. */
  readonly base: number
  /** It came with a snapshot, and the rows of before have not been looked at. */
  readonly swapped: boolean
}

export interface ContextRow {
  readonly v: 1
  readonly namespaceId: Bytes
  readonly groupId: Bytes
  readonly applicationId: Bytes
  readonly storage: 'guest' | 'host'
  readonly baseRoot: Bytes
  readonly name: string | null
  readonly serviceName: string | null
}

export interface HandlerRow {
  readonly v: 1
  readonly kind: string
  readonly data: Bytes
  readonly handler: string
  readonly depth: number
  readonly attempts: number
  readonly dueMs: number
  readonly state: 'queued' | 'dead'
  readonly error: string | null
}

export interface ApplicationRow {
  readonly v: 1
  readonly blobId: Bytes
  readonly size: number
  readonly source: string
  readonly metadata: Bytes
  readonly storage: 'guest' | 'host'
  readonly package: string | null
  readonly version: string | null
}

export interface GroupKeyRow {
  readonly v: 1
  readonly key: Bytes
}

type Row = DeltaRow | ParkedRow | UndoRow | CheckpointRow | ContextRow | HandlerRow | ApplicationRow | GroupKeyRow

export function encodeRow(row: Row): Bytes {
  return encode(row)
}

/** `what` names the row for the error. Throws RecordError when the bytes are not a row of this version. */
export function decodeRow<T extends Row>(what: string, bytes: Bytes): T {
  try {
    const row = decode<T>(bytes)
    if (row?.v === 1) return row
  } catch (cause) {
    throw damaged(what, cause)
  }
  throw damaged(what)
}

function damaged(what: string, cause?: unknown): RecordError {
  const advice = 'the data directory is damaged: stop the node and start it on a fresh directory'
  return new RecordError('RECORD_DAMAGED', `the stored ${what} does not decode; ${advice}`, { cause, data: { what } })
}
