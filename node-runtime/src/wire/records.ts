// The node's own rows: what `context/` keeps in the store beside the state. DAG-CBOR like everything on the wire, so
// that one reader covers both; a row that does not decode means a damaged store and is reported as such.
import type { Bytes } from '../base/bytes.ts'
import { CodedError } from '../base/errors.ts'
import { ID_LENGTH } from '../base/ids.ts'
import { readCbor } from './cbor-reader.ts'
import { writeCbor } from './cbor-writer.ts'
import { CBOR_ITEMS_MAX, DEPTH_MAX, PINNED_HEADS_MAX } from './limits.ts'
import { bytes, flag, list, named, oneOf, plain, record, type Shape, text, uint, wrong } from './shape.ts'

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

/**
 * Waits for a key, for governance, for its time (the stamp is far ahead), for a machine that applies it in time, or for
 * parents since long.
 */
export interface ParkedRow {
  readonly v: 1
  readonly delta: Bytes
  readonly reason: 'key' | 'governance' | 'code' | 'future' | 'machine' | 'parents'
  readonly sinceMs: number
}

/** One entry of the stack of applied deltas; `undo` takes its effect away. */
export interface UndoRow {
  readonly v: 1
  readonly deltaId: Bytes
  readonly undo: Bytes
  /** Of the state that it was made for; absent: the first. */
  readonly version?: number
}

/** What is behind it has no rows, or rows that are being removed. */
export interface CheckpointRow {
  readonly v: 1
  /** The encoded checkpoint, with its vouches. */
  readonly checkpoint: Bytes
  /** Position in the stack of the first delta that is not in it. */
  readonly base: number
  /** It came with a snapshot, and the rows of before have not been looked at. */
  readonly swapped: boolean
  /** Of what it names as counting, what was in a snapshot and was never applied here; left out where there is none. */
  readonly unseen?: readonly Bytes[]
}

/** The state of a context is not what it is to be, or nobody knows whether it is. */
export interface DamageRow {
  readonly v: 1
  readonly why: string
  /** The state of the base or the checkpoint is in its place; the rows of before have not been looked at. */
  readonly replaced: boolean
}

/** How far the clock of the node was when it last merged a delta of a context. */
export interface ClockRow {
  readonly v: 1
  /** u64, big-endian. */
  readonly hlc: Bytes
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

/** What a call has asked another context for. */
export interface XCallRow {
  readonly v: 1
  readonly target: Bytes
  readonly method: string
  readonly params: Bytes
  /** How many events and calls of other contexts lead to it. */
  readonly depth: number
  /** Of these, calls of other contexts in a row: 1 for what a client's call or a handler has asked for. */
  readonly hops: number
  /** Every node makes it: a handler has asked for it, or what came of one. */
  readonly everywhere: boolean
  readonly attempts: number
  readonly dueMs: number
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
  /** Of bundles. */
  readonly signerId?: string
  /** Where they have names. */
  readonly services?: readonly ServiceRow[]
  /** Of the first service. Absent: it does not say. */
  readonly state?: StateRow
}

export interface ServiceRow {
  readonly name: string
  readonly storage: 'guest' | 'host'
  readonly state?: StateRow
}

/** Which version of its state code has, and how it gets there. */
export interface StateRow {
  readonly version: number
  readonly steps: readonly { readonly method: string; readonly from: number; readonly to: number }[]
}

export interface GroupKeyRow {
  readonly v: 1
  readonly key: Bytes
}

/** An own delta that a snapshot did not contain. It is kept where the first that it stands for sorts. */
export interface ReissueRow {
  readonly v: 1
  readonly delta: Bytes
  /** Of each other member the last delta it knew of that went with it: those are written again first. */
  readonly behind: readonly { readonly author: Bytes; readonly place: Bytes }[]
}

/** What the stored deltas were last judged by, all of them. */
export interface JudgementRow {
  readonly v: 1
  /** Null: some of them have not been. */
  readonly digest: Bytes | null
  /** Removals of which this node has said what it had accepted, or had nothing to say: their marks. */
  readonly witnessed: readonly Bytes[]
  /** What it had accepted when it heard of removals, and may have to say. */
  readonly heard?: readonly HeardRow[]
}

export interface HeardRow {
  readonly mark: Bytes
  readonly removal: Bytes
  /** The account that was removed, or the group that was lost. */
  readonly who: Bytes
  readonly heads: readonly Bytes[]
}

interface Rows {
  readonly delta: DeltaRow
  readonly 'parked delta': ParkedRow
  readonly 'undo record': UndoRow
  readonly checkpoint: CheckpointRow
  readonly damage: DamageRow
  readonly clock: ClockRow
  readonly context: ContextRow
  readonly 'handler row': HandlerRow
  readonly 'call to another context': XCallRow
  readonly application: ApplicationRow
  readonly 'group key': GroupKeyRow
  readonly judgement: JudgementRow
  readonly 'own delta to be written again': ReissueRow
}

/** The kinds of rows, as errors name them. */
export type RowName = keyof Rows
type Row = Rows[RowName]

// Rows are as large as what they were made from, which had its bounds.
const LIMITS = { depthMax: DEPTH_MAX, itemsMax: CBOR_ITEMS_MAX, fractions: true }
const content = bytes(Number.MAX_SAFE_INTEGER)
const anyText = text(Number.MAX_SAFE_INTEGER)
const count = uint(Number.MAX_SAFE_INTEGER)
const hash = bytes(ID_LENGTH, ID_LENGTH)
const storage = oneOf(['guest', 'host'])
const v = plain((raw, at): 1 => {
  if (raw !== 1) throw wrong(at, '1', raw)
  return raw
})
/** On this node's clock, which may tell parts of a millisecond. */
const timeMs = plain((raw, at): number => {
  if (typeof raw !== 'number' || raw < 0) throw wrong(at, 'a time in ms', raw)
  return raw
})

const stateSchema = record({
  version: count,
  steps: list(record({ method: anyText, from: count, to: count }), Number.MAX_SAFE_INTEGER),
})

const ROWS: { readonly [N in RowName]: Shape<Rows[N]> } = {
  delta: record({ v, delta: content, status: oneOf(['applied', 'pending', 'again', 'void', 'voided']) }),
  'parked delta': record({
    v,
    delta: content,
    reason: oneOf(['key', 'governance', 'code', 'future', 'machine', 'parents']),
    sinceMs: timeMs,
  }),
  'undo record': record({ v, deltaId: hash, undo: content }, { version: count }),
  checkpoint: record(
    { v, checkpoint: content, base: count, swapped: flag() },
    { unseen: list(hash, Number.MAX_SAFE_INTEGER) },
  ),
  damage: record({ v, why: anyText, replaced: flag() }),
  clock: record({ v, hlc: bytes(8, 8) }),
  context: record({
    v,
    namespaceId: hash,
    groupId: hash,
    applicationId: hash,
    storage,
    baseRoot: hash,
    name: orNull(anyText),
    serviceName: orNull(anyText),
  }),
  'handler row': record({
    v,
    kind: anyText,
    data: content,
    handler: anyText,
    depth: count,
    attempts: count,
    dueMs: timeMs,
    state: oneOf(['queued', 'dead']),
    error: orNull(anyText),
  }),
  'call to another context': record({
    v,
    target: hash,
    method: anyText,
    params: content,
    depth: count,
    hops: count,
    everywhere: flag(),
    attempts: count,
    dueMs: timeMs,
  }),
  application: record(
    {
      v,
      blobId: hash,
      size: count,
      source: anyText,
      metadata: content,
      storage,
      package: orNull(anyText),
      version: orNull(anyText),
    },
    {
      signerId: anyText,
      services: list(record({ name: anyText, storage }, { state: stateSchema }), Number.MAX_SAFE_INTEGER),
      state: stateSchema,
    },
  ),
  'group key': record({ v, key: hash }),
  judgement: record(
    { v, digest: orNull(hash), witnessed: list(hash, Number.MAX_SAFE_INTEGER) },
    {
      heard: list(
        record({ mark: hash, removal: hash, who: hash, heads: list(hash, PINNED_HEADS_MAX) }),
        Number.MAX_SAFE_INTEGER,
      ),
    },
  ),
  'own delta to be written again': record({
    v,
    delta: content,
    behind: list(record({ author: hash, place: hash }), Number.MAX_SAFE_INTEGER),
  }),
}

export function encodeRow(row: Row): Bytes {
  return writeCbor(row)
}

/** `what` says which kind of row it is. Throws RecordError when the bytes are not one of this version. */
export function decodeRow<T extends Row>(what: RowName, stored: Bytes): T {
  const shape: Shape<Row> = ROWS[what]
  try {
    const raw = readCbor(stored, LIMITS)
    return named(what, (at) => shape.read(raw, at)) as T
  } catch (cause) {
    throw damaged(what, cause)
  }
}

function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return {
    read: (raw, at) => (raw === null ? null : shape.read(raw, at)),
    raw: (value, at) => (value === null ? null : shape.raw(value, at)),
  }
}

function damaged(what: string, cause: unknown): RecordError {
  const advice = 'the data directory is damaged: stop the node and start it on a fresh directory'
  return new RecordError('RECORD_DAMAGED', `the stored ${what} does not decode; ${advice}`, { cause, data: { what } })
}
