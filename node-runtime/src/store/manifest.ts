// What LevelDB's manifest says of the files that are in use. Its manifest is a log of its own (blocks of 32 KiB, records in one piece
// or several) whose records are edits of tagged fields. Pure.
import { type Bytes, concat } from '../base/bytes.ts'
import { varintAt } from './varint.ts'

const BLOCK = 32 * 1024
/** Checksum (4), length (2), type (1). */
const HEADER = 7
const [FULL, FIRST, , LAST] = [1, 2, 3, 4]

/** What follows the tag of a field, in varints (`n`) and texts behind their length (`t`). */
const FIELDS: Readonly<Record<number, string>> = {
  1: 't',
  2: 'n',
  3: 'n',
  4: 'n',
  5: 'nt',
  6: 'nn',
  7: 'nnntt',
  9: 'n',
}
const [LOG, TABLE_GONE, TABLE] = [2, 6, 7]

export interface NeededFiles {
  /** The number of the oldest log that is needed beside the tables: LevelDB makes the file before it says so here. 0: none yet. */
  readonly log: number | undefined
  /** The numbers of the tables. Others that lie there are leftovers, and may have been begun only. */
  readonly tables: ReadonlySet<number>
}

/** Undefined where the manifest cannot be read, which LevelDB says itself. */
export function neededFiles(manifest: Bytes): NeededFiles | undefined {
  let log: number | undefined
  const tables = new Set<number>()
  try {
    for (const record of recordsOf(manifest)) {
      for (const { tag, numbers } of fieldsOf(record)) {
        const [first = 0, second = 0] = numbers
        if (tag === LOG) log = first
        else if (tag === TABLE) tables.add(second)
        else if (tag === TABLE_GONE) tables.delete(second)
      }
    }
  } catch {
    // Not what LevelDB writes.
    return undefined
  }
  return { log, tables }
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

interface Field {
  readonly tag: number
  /** In their order; of a text its length. */
  readonly numbers: readonly number[]
}

function* fieldsOf(edit: Bytes): Iterable<Field> {
  let at = 0
  const varint = (): number => {
    const read = varintAt(edit, at)
    if (read === undefined) throw new RangeError('the edit ends in a number')
    at = read.end
    return read.value
  }
  while (at < edit.byteLength) {
    const tag = varint()
    const parts = FIELDS[tag]
    if (parts === undefined) throw new RangeError('no field of an edit')
    const numbers: number[] = []
    for (const part of parts) {
      const number = varint()
      numbers.push(number)
      if (part === 't') at += number
    }
    yield { tag, numbers }
  }
}
