// What LevelDB's manifest says of the log that is in use. Its manifest is a log of its own (blocks of 32 KiB, records in one piece
// or several) whose records are edits of tagged fields. Pure.
import { type Bytes, concat } from '../base/bytes.ts'

const BLOCK = 32 * 1024
/** Checksum (4), length (2), type (1). */
const HEADER = 7
const [FULL, FIRST, , LAST] = [1, 2, 3, 4]

/** What follows the tag of a field, in varints (`n`) and texts behind their length (`t`); `log` is the one that is looked for. */
const FIELDS: Readonly<Record<number, string>> = {
  1: 't',
  2: 'log',
  3: 'n',
  4: 'n',
  5: 'nt',
  6: 'nn',
  7: 'nnntt',
  9: 'n',
}

/**
 * The number of the oldest log that is needed beside the tables: LevelDB makes the file before it says so here. 0 where there
 * is none yet; undefined where the manifest cannot be read, which LevelDB says itself.
 */
export function neededLog(manifest: Bytes): number | undefined {
  let log: number | undefined
  try {
    for (const record of recordsOf(manifest)) log = logIn(record) ?? log
  } catch {
    // Not what LevelDB writes.
    return undefined
  }
  return log
}

/** A last one that is not whole is what a kill leaves: it counts for nothing. */
function* recordsOf(manifest: Bytes): Iterable<Bytes> {
  const view = new DataView(manifest.buffer, manifest.byteOffset, manifest.byteLength)
  let parts: Bytes[] = []
  for (let at = 0; at + HEADER <= manifest.byteLength; ) {
    const left = BLOCK - (at % BLOCK)
    if (left < HEADER) {
      at += left
      continue
    }
    const end = at + HEADER + view.getUint16(at + 4, true)
    const type = view.getUint8(at + 6)
    if (end > manifest.byteLength) return
    if (type === FULL || type === FIRST) parts = []
    parts.push(manifest.subarray(at + HEADER, end))
    if (type === FULL || type === LAST) yield concat(parts)
    at = end
  }
}

function logIn(edit: Bytes): number | undefined {
  let at = 0
  let log: number | undefined
  const varint = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const byte = edit[at]
      if (byte === undefined) throw new RangeError('the edit ends in a number')
      at += 1
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }
  while (at < edit.byteLength) {
    const field = FIELDS[varint()]
    if (field === undefined) throw new RangeError('no field of an edit')
    if (field === 'log') log = varint()
    else
      for (const part of field) {
        const number = varint()
        if (part === 't') at += number
      }
  }
  return log
}
