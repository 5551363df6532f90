// Snappy, by which LevelDB packs its blocks: the length of the text, then pieces that are new, or a copy of what came before. Pure.
import type { Bytes } from '../base/bytes.ts'
import { varintAt } from './varint.ts'

/** Of a block of LevelDB, far more than any has. */
const UNPACKED_BYTES_MAX = 64 * 1024 * 1024

/** Undefined for what nobody has packed so. */
export function unpacked(packed: Bytes): Bytes | undefined {
  const length = varintAt(packed, 0)
  if (!length || length.value > UNPACKED_BYTES_MAX) return undefined
  const text = new Uint8Array(length.value)
  let [from, to] = [length.end, 0]
  while (from < packed.byteLength) {
    const piece = pieceAt(packed, from)
    const back = piece.back === undefined ? packed.subarray(piece.end, piece.end + piece.length) : undefined
    if (to + piece.length > text.byteLength || piece.end > packed.byteLength) return undefined
    if (back !== undefined) {
      if (back.byteLength < piece.length) return undefined
      text.set(back, to)
    } else {
      const start = to - (piece.back ?? 0)
      if (start < 0 || piece.back === 0) return undefined
      // Byte by byte: a copy may reach into itself.
      for (let index = 0; index < piece.length; index += 1) text[to + index] = text[start + index] ?? 0
    }
    to += piece.length
    from = piece.end + (back?.byteLength ?? 0)
  }
  return to === text.byteLength ? text : undefined
}

interface Piece {
  readonly length: number
  /** How far back what is copied begins; undefined for a new piece, which stands behind. */
  readonly back: number | undefined
  readonly end: number
}

/** The low two bits of its first byte say which kind, the others how long, or how many bytes say so. */
function pieceAt(packed: Bytes, from: number): Piece {
  const tag = packed[from] ?? 0
  const size = tag >> 2
  const number = (bytes: number) => {
    let value = 0
    for (let index = bytes; index > 0; index -= 1) value = value * 0x100 + (packed[from + index] ?? 0)
    return value
  }
  switch (tag & 3) {
    case 0: {
      const more = size < 60 ? 0 : size - 59
      return { length: (more === 0 ? size : number(more)) + 1, back: undefined, end: from + 1 + more }
    }
    case 1:
      return { length: (size & 7) + 4, back: (tag >> 5) * 0x100 + (packed[from + 1] ?? 0), end: from + 2 }
    case 2:
      return { length: size + 1, back: number(2), end: from + 3 }
    default:
      return { length: size + 1, back: number(4), end: from + 5 }
  }
}
