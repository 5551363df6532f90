// The port of the node's one key-value store: ordered byte keys, synchronous reads, atomic batches, read snapshots.
// Implementations: `level.ts` on disk, `memory.ts` for the simulator and tests. Contract suite: `store-contract.ts`.
import type { Bytes } from '../base/bytes.ts'

export type StoreOp =
  | { readonly type: 'put'; readonly key: Bytes; readonly value: Bytes }
  | { readonly type: 'del'; readonly key: Bytes }

/** Keys from `gte` up to, not including, `lt`, in byte order; `limit` counts from the end when `reverse`. */
export interface StoreRange {
  readonly gte: Bytes
  readonly lt: Bytes
  readonly limit?: number
  readonly reverse?: boolean
}

/** Bytes handed out belong to the store: read them, never change them. Every read after close throws STORE_CLOSED. */
export interface StoreReader {
  get(key: Bytes): Bytes | undefined
  /** Consistent: what later batches write is not seen once the first entry was asked for. */
  entries(range: StoreRange): AsyncIterable<[Bytes, Bytes]>
}

export interface StoreSnapshot extends StoreReader {
  /** Idempotent. Holding a snapshot keeps old data on disk: close it. */
  close(): Promise<void>
}

export interface Store extends StoreReader {
  /** Atomic; applied in the order of the calls; visible and safe from kill -9 once resolved. Bytes are copied. */
  batch(ops: readonly StoreOp[]): Promise<void>
  /** Gives back to the disk what was deleted there, where a store does not by itself. Costs what is still there. */
  compact?(range: StoreRange): Promise<void>
  /** The store as of the batches resolved so far. */
  snapshot(): StoreSnapshot
  /** Idempotent. Refuses new work, waits for running batches, closes snapshots. */
  close(): Promise<void>
}

/** All keys that start with `prefix`. The prefix must have a byte below 0xff. */
export function rangeOf(prefix: Bytes): { gte: Bytes; lt: Bytes } {
  let end = prefix.byteLength
  while (end > 0 && prefix[end - 1] === 0xff) end -= 1
  if (end === 0) throw new RangeError('a range needs a prefix with a byte below 0xff')
  const lt = new Uint8Array(prefix.subarray(0, end))
  lt[end - 1] = (lt[end - 1] ?? 0) + 1
  return { gte: prefix, lt }
}
