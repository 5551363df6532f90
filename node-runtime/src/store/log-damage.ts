// Whether a log of LevelDB is whole: blocks of 32 KiB with records, each under a checksum (CRC-32C, masked). LevelDB leaves
// out what does not fit and goes on, which takes acknowledged batches away and says nothing. Pure.
import type { Bytes } from '../base/bytes.ts'
import { crc32c, unmasked } from './checksum.ts'

const BLOCK = 32 * 1024
/** Checksum (4), length (2), type (1). Less at the end of a block is filled with zeros. */
const HEADER = 7
const SECTOR = 512
const [FULL, FIRST, MIDDLE, LAST] = [1, 2, 3, 4]
/** Of a batch: sequence number (8) and count (4). */
const BATCH_HEADER = 12

export interface LogDamage {
  /** Byte of the log where the record begins. */
  readonly at: number
  readonly why: string
}

/**
 * The first place where the log is not what was written; undefined where it is whole. A last record that is not all there
 * is what a kill leaves, zeros to the end what a power cut leaves: neither is damage.
 */
export function logDamage(log: Bytes): LogDamage | undefined {
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength)
  const contentEnd = endWithoutZeros(log)
  const zerosAt = Math.ceil(contentEnd / SECTOR) * SECTOR
  /** Bytes of the batch so far, of which more fragments are to come. */
  let begun: number | undefined
  for (let at = 0; ; ) {
    const left = BLOCK - (at % BLOCK)
    if (left < HEADER) at += left
    if (at >= contentEnd || at + HEADER > log.byteLength) return undefined
    const length = view.getUint16(at + 4, true)
    const type = view.getUint8(at + 6)
    const end = at + HEADER + length
    const found = (why: string) => (end > zerosAt && zerosAt < log.byteLength ? undefined : { at, why })
    // Of what is to be in this block, the file has the part that was written.
    if (HEADER + length > BLOCK - (at % BLOCK)) return found('a length that is none')
    if (end > log.byteLength) return hasRecordBehind(log, at) ? found('a length that is none') : undefined
    if (crc32c(log.subarray(at + 6, end)) !== unmasked(view.getUint32(at, true)))
      return found('a checksum that is wrong')
    const starts = type === FULL || type === FIRST
    if (!starts && type !== MIDDLE && type !== LAST) return { at, why: 'a record of an unknown type' }
    if (starts && (begun ?? 0) > 0) return { at, why: 'a record before the one before it has ended' }
    if (!starts && begun === undefined) return { at, why: 'the end of a record that has no start' }
    const size: number = (starts ? 0 : (begun ?? 0)) + length
    const isWhole = type === FULL || type === LAST
    if (isWhole && size < BATCH_HEADER) return { at, why: 'a record that is too short' }
    begun = isWhole ? undefined : size
    at = end
  }
}

/** Whether anything behind `at` is a record under its checksum, wherever it begins: what a kill cuts off has none behind it. */
function hasRecordBehind(log: Bytes, at: number): boolean {
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength)
  for (let start = at + HEADER; start + HEADER < log.byteLength; start += 1) {
    const type = view.getUint8(start + 6)
    const end = start + HEADER + view.getUint16(start + 4, true)
    if (type < FULL || type > LAST || end > log.byteLength || end === start + HEADER) continue
    if (crc32c(log.subarray(start + 6, end)) === unmasked(view.getUint32(start, true))) return true
  }
  return false
}

function endWithoutZeros(log: Bytes): number {
  let end = log.byteLength
  while (end > 0 && log[end - 1] === 0) end -= 1
  return end
}
