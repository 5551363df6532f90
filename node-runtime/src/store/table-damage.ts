// Whether a table of LevelDB is whole: blocks, each under a checksum (CRC-32C, masked) of its bytes and its kind, an index that
// says where they are, and a footer that says where the index is. LevelDB does not ask for the checksums of what it reads. Pure.
import type { Bytes } from '../base/bytes.ts'
import { crc32c, unmasked } from './checksum.ts'
import { unpacked } from './snappy.ts'
import { varintAt } from './varint.ts'

/** The places of two blocks in varints, filled up, and a number that says what this is. */
const FOOTER = 48
const MAGIC = [0xdb, 0x47, 0x75, 0x24, 0x8b, 0x80, 0xfb, 0x57]
/** Behind each block: how it is packed (1) and its checksum (4). */
const TRAILER = 5
const [PLAIN, SNAPPY] = [0, 1]

export interface TableDamage {
  /** Byte of the table where the block begins. */
  readonly at: number
  readonly why: string
}

interface Place {
  readonly at: number
  readonly length: number
}

/** Each block that is not what was written; of a table whose index cannot be read, that alone. */
export function tableDamage(table: Bytes): TableDamage[] {
  const footerAt = table.byteLength - FOOTER
  if (footerAt < 0) return [{ at: 0, why: 'no footer: it is too short' }]
  const hasMagic = MAGIC.every((byte, index) => table[table.byteLength - 1 - index] === byte)
  if (!hasMagic) return [{ at: footerAt, why: 'a footer that is none' }]
  const places: Place[] = []
  try {
    const meta = placeAt(table, footerAt)
    const index = placeAt(table, meta.end)
    for (const place of [meta, index]) places.push(place, ...placesIn(table, place))
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return [{ at: error.at, why: error.message }]
  }
  return places.toSorted((a, b) => a.at - b.at).flatMap((place) => damageOf(table, place) ?? [])
}

class Unreadable extends Error {
  readonly at: number

  constructor(at: number, why: string) {
    super(why)
    this.at = at
  }
}

/** Undefined where it is what was written. */
function damageOf(table: Bytes, { at, length }: Place): TableDamage | undefined {
  const end = at + length
  if (end + TRAILER > table.byteLength) return { at, why: 'a block that reaches beyond its end' }
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength)
  const isWhole = crc32c(table.subarray(at, end + 1)) === unmasked(view.getUint32(end + 1, true))
  return isWhole ? undefined : { at, why: 'a checksum that is wrong' }
}

function placeAt(bytes: Bytes, from: number): Place & { readonly end: number } {
  const at = varintAt(bytes, from)
  const length = at && varintAt(bytes, at.end)
  if (!at || !length) throw new Unreadable(from, 'the place of a block that is none')
  return { at: at.value, length: length.value, end: length.end }
}

/**
 * What the entries of a block point at. An entry is the length that its key shares with the one before, the length of the
 * rest, that of its value, then both; the block ends with the places of some entries and their number (4 bytes each).
 */
function placesIn(table: Bytes, block: Place): Place[] {
  const damage = damageOf(table, block)
  if (damage) throw new Unreadable(damage.at, `${damage.why}, in what says where its blocks are`)
  const content = contentOf(table, block)
  const wrong = () => new Unreadable(block.at, 'an index that cannot be read')
  if (content === undefined || content.byteLength < 4) throw wrong()
  const restarts = new DataView(content.buffer, content.byteOffset).getUint32(content.byteLength - 4, true)
  const end = content.byteLength - 4 - 4 * restarts
  const places: Place[] = []
  for (let at = 0; at < end; ) {
    const shared = varintAt(content, at)
    const rest = shared && varintAt(content, shared.end)
    const value = rest && varintAt(content, rest.end)
    if (!value) throw wrong()
    const valueAt = value.end + rest.value
    places.push(placeAt(content, valueAt))
    at = valueAt + value.value
  }
  return places
}

function contentOf(table: Bytes, { at, length }: Place): Bytes | undefined {
  const bytes = table.subarray(at, at + length)
  const kind = table[at + length]
  if (kind === PLAIN) return bytes
  return kind === SNAPPY ? unpacked(bytes) : undefined
}
