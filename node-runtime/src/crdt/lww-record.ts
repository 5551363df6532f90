// The one rule by which a newer write replaces an older one. A record's bytes begin with stamp and replica and say next
// whether it removes, so the byte order of records is (stamp, replica, removal, value): merging takes the larger, which
// is commutative, associative and idempotent whatever the records are. At equal stamps of one replica a removal wins.
import { type Bytes, compareBytes } from '../base/bytes.ts'
import { corruptState } from './codec.ts'
import type { CrdtState } from './crdt-state.ts'

const HEADER_LENGTH = 41
const PRESENT = 0
const REMOVED = 1

export interface LwwRecord {
  readonly stamp: bigint
  /** 32 bytes. */
  readonly replica: Bytes
  /** null = removed. */
  readonly body: Bytes | null
}

export function encodeRecord(record: LwwRecord): Bytes {
  const out = Buffer.alloc(HEADER_LENGTH + (record.body?.byteLength ?? 0))
  out.writeBigUInt64BE(record.stamp)
  out.set(record.replica, 8)
  out[HEADER_LENGTH - 1] = record.body === null ? REMOVED : PRESENT
  if (record.body !== null) out.set(record.body, HEADER_LENGTH)
  return out
}

/** Throws CrdtError CRDT_STATE_CORRUPT. */
export function decodeRecord(bytes: Bytes): LwwRecord {
  const flag = bytes[HEADER_LENGTH - 1]
  if (flag !== PRESENT && !(flag === REMOVED && bytes.byteLength === HEADER_LENGTH))
    throw corruptState('not a register')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    stamp: view.getBigUint64(0),
    replica: bytes.subarray(8, HEADER_LENGTH - 1),
    body: flag === REMOVED ? null : bytes.subarray(HEADER_LENGTH),
  }
}

/** Of a removal that was stamped at `until` or before. What is no record at all is none. */
export function isRemoval(bytes: Bytes, until: bigint): boolean {
  if (bytes.byteLength !== HEADER_LENGTH || bytes[HEADER_LENGTH - 1] !== REMOVED) return false
  return decodeRecord(bytes).stamp <= until
}

export function readRecord(state: CrdtState, key: Bytes): LwwRecord | undefined {
  const bytes = state.get(key)
  return bytes === undefined ? undefined : decodeRecord(bytes)
}

/** Answers whether a value was there before, and is there now. */
export function mergeRecord(state: CrdtState, key: Bytes, record: LwwRecord): { was: boolean; is: boolean } {
  const current = state.get(key)
  const was = current !== undefined && current[HEADER_LENGTH - 1] === PRESENT
  const bytes = encodeRecord(record)
  if (current !== undefined && compareBytes(current, bytes) >= 0) return { was, is: was }
  state.set(key, bytes)
  return { was, is: record.body !== null }
}
