// How far the clock of the node was with the last merge of a context: guests have seen that time, and its deltas do not say so.
import { type Bytes, u64be } from '../base/bytes.ts'
import { type ClockRow, decodeRow, encodeRow } from '../wire/records.ts'

export function encodeClock(hlc: bigint): Bytes {
  return encodeRow({ v: 1, hlc: u64be(hlc) })
}

/** 0 where it was never written, and where it is damaged: it is worth less than the context, whose guests may see times again, once. */
export function decodeClock(row: Bytes | undefined): bigint {
  if (row === undefined) return 0n
  try {
    return Buffer.from(decodeRow<ClockRow>('clock', row).hlc).readBigUInt64BE()
  } catch {
    return 0n
  }
}
