// Reads canonical DAG-CBOR in one pass: what is read has exactly one byte form, nesting and the number of items are bounded,
// and only the types that our messages and rows use pass. Knows no message.
import type { Bytes } from '../base/bytes.ts'
import type { InPieces } from '../base/pieces.ts'
import { WireError } from './errors.ts'

export interface ReadLimits {
  readonly depthMax: number
  readonly itemsMax: number
  /** Rows of our own hold fractions of a millisecond; messages hold no such number. */
  readonly fractions?: boolean
}

const UINT = 0
const BYTES = 2
const TEXT = 3
const LIST = 4
const MAP = 5
const SIMPLE = 7
const FLOAT64 = 27
const HEAD_MIN = [24, 0x100, 0x1_0000, 0x1_0000_0000]
/** Field names and other short texts are few and come again and again. */
const KNOWN_LENGTH_MAX = 24
const KNOWN_SLOTS = 1024

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const known: (string | undefined)[] = Array.from({ length: KNOWN_SLOTS })

/** Byte strings share the memory of `bytes`. Whole numbers beyond 2^53 are bigint. Throws WireError `WIRE_MALFORMED` or `WIRE_NOT_CANONICAL`. */
export function readCbor(bytes: Bytes, limits: ReadLimits): unknown {
  const reader = new Reader(bytes, limits)
  const value = reader.value(0)
  reader.end()
  return value
}

/** The same of a list, `piece` items each time; of those that are lists in turn the items, too. */
export function* readListsInPieces(bytes: Bytes, limits: ReadLimits, piece: number): InPieces<unknown> {
  const reader = new Reader(bytes, limits)
  const value = yield* reader.listsInPieces(0, piece)
  reader.end()
  return value
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #limits: ReadLimits
  #at = 0
  #items = 0

  constructor(bytes: Bytes, limits: ReadLimits) {
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#limits = limits
  }

  end(): void {
    if (this.#at !== this.#bytes.byteLength) throw this.#malformed('bytes after the end')
  }

  value(depth: number): unknown {
    this.#countItem()
    const first = this.#bytes[this.#at]
    if (first === undefined) throw this.#malformed('cut off')
    this.#at += 1
    const minor = first & 31
    switch (first >> 5) {
      case UINT:
        return this.#number(minor)
      case BYTES:
        return this.#part(this.#length(minor))
      case TEXT:
        return this.#text(this.#length(minor))
      case LIST:
        return this.#list(this.#count(minor, 1), this.#deeper(depth))
      case MAP:
        return this.#map(this.#count(minor, 2), this.#deeper(depth))
      case SIMPLE:
        return this.#simple(minor)
      default:
        throw this.#malformed('a type that no message uses')
    }
  }

  *listsInPieces(depth: number, piece: number): InPieces<unknown> {
    const first = this.#bytes[this.#at] ?? 0
    if (first >> 5 !== LIST || depth > 1) return this.value(depth)
    this.#countItem()
    this.#at += 1
    const count = this.#count(first & 31, 1)
    const below = this.#deeper(depth)
    const list: unknown[] = []
    for (let i = 0; i < count; i += 1) {
      list.push(depth === 0 ? yield* this.listsInPieces(below, piece) : this.value(below))
      if (list.length % piece === 0) yield
    }
    return list
  }

  #countItem(): void {
    this.#items += 1
    if (this.#items > this.#limits.itemsMax) throw this.#malformed(`more than ${this.#limits.itemsMax} items`)
  }

  #number(minor: number): number | bigint {
    if (minor < 24) return minor
    const width = this.#width(minor)
    const at = this.#at - width
    if (width < 8) return this.#shortest(minor, this.#uint(at, width))
    const high = this.#uint(at, 4)
    const low = this.#uint(at + 4, 4)
    const value = this.#shortest(minor, high * 0x1_0000_0000 + low)
    return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low)
  }

  /** Precision beyond 2^53 does not matter: as a length it is far outside of any message. */
  #length(minor: number): number {
    return minor < 24 ? minor : Number(this.#number(minor))
  }

  #width(minor: number): number {
    if (minor > 27) throw this.#malformed('an indefinite or reserved length')
    const width = 1 << (minor - 24)
    if (this.#at + width > this.#bytes.byteLength) throw this.#malformed('cut off')
    this.#at += width
    return width
  }

  #uint(at: number, width: number): number {
    let value = 0
    for (let i = at; i < at + width; i += 1) value = value * 256 + (this.#bytes[i] ?? 0)
    return value
  }

  #shortest(minor: number, value: number): number {
    if (value < (HEAD_MIN[minor - 24] ?? 0)) throw this.#malformed('a number that is longer than it has to be')
    return value
  }

  /** Every item takes a byte at least: what cannot be there is refused before anything is built. */
  #count(minor: number, itemsEach: number): number {
    const count = this.#length(minor)
    const items = count * itemsEach
    if (items > this.#bytes.byteLength - this.#at) throw this.#malformed('cut off')
    if (this.#items + items > this.#limits.itemsMax) throw this.#malformed(`more than ${this.#limits.itemsMax} items`)
    return count
  }

  #deeper(depth: number): number {
    if (depth >= this.#limits.depthMax) throw this.#malformed(`nested deeper than ${this.#limits.depthMax}`)
    return depth + 1
  }

  #part(length: number): Bytes {
    return this.#bytes.subarray(this.#at, this.#skip(length))
  }

  #skip(length: number): number {
    if (length > this.#bytes.byteLength - this.#at) throw this.#malformed('cut off')
    this.#at += length
    return this.#at
  }

  #text(length: number): string {
    const start = this.#at
    const end = this.#skip(length)
    if (length > KNOWN_LENGTH_MAX) return this.#utf8(start, end)
    let hash = length
    for (let i = start; i < end; i += 1) hash = (Math.imul(hash, 31) + (this.#bytes[i] ?? 0)) | 0
    const slot = hash & (KNOWN_SLOTS - 1)
    const candidate = known[slot]
    if (candidate !== undefined && this.#isAscii(candidate, start, length)) return candidate
    const text = this.#utf8(start, end)
    known[slot] = text
    return text
  }

  /** Whether the bytes are those of the text; never of one that is not ASCII. */
  #isAscii(text: string, start: number, length: number): boolean {
    if (text.length !== length) return false
    for (let i = 0; i < length; i += 1) {
      const byte = this.#bytes[start + i] ?? 0
      if (byte > 0x7f || byte !== text.charCodeAt(i)) return false
    }
    return true
  }

  #utf8(start: number, end: number): string {
    try {
      return utf8.decode(this.#bytes.subarray(start, end))
    } catch (cause) {
      throw this.#notCanonical('text that is not UTF-8', cause)
    }
  }

  #list(count: number, depth: number): unknown[] {
    const list: unknown[] = []
    for (let i = 0; i < count; i += 1) list.push(this.value(depth))
    return list
  }

  #map(count: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {}
    let before = -1
    for (let i = 0; i < count; i += 1) {
      const at = this.#at
      const key = this.value(depth)
      if (typeof key !== 'string') throw this.#malformed('a key that is no text')
      // As an assignment it would be another thing.
      if (key === '__proto__') throw this.#malformed('a key that no message uses')
      if (before >= 0) this.#checkAscending(before, at)
      before = at
      map[key] = this.value(depth)
    }
    return map
  }

  /** Encoded texts: the shorter first, then by bytes, which the heads in front of them say as well. */
  #checkAscending(before: number, now: number): void {
    const bytes = this.#bytes
    for (let i = 0; now + i < this.#at; i += 1) {
      const difference = (bytes[now + i] ?? 0) - (bytes[before + i] ?? 0)
      if (difference > 0) return
      if (difference < 0) throw this.#notCanonical('keys that do not ascend')
    }
    throw this.#malformed('a key twice')
  }

  #simple(minor: number): unknown {
    if (minor === 20) return false
    if (minor === 21) return true
    if (minor === 22) return null
    if (minor === FLOAT64 && this.#limits.fractions === true) return this.#float()
    throw this.#malformed('a type that no message uses')
  }

  #float(): number {
    const start = this.#at
    this.#skip(8)
    const value = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + start, 8).getFloat64(0)
    if (!Number.isFinite(value) || Number.isSafeInteger(value)) throw this.#notCanonical('a fraction that is none')
    return value
  }

  #malformed(what: string): WireError {
    const position = this.#at
    return new WireError('WIRE_MALFORMED', `not a message: ${what} at byte ${position}`, { data: { position } })
  }

  #notCanonical(what: string, cause?: unknown): WireError {
    const position = this.#at
    return new WireError('WIRE_NOT_CANONICAL', `not the canonical form of a value: ${what} at byte ${position}`, {
      cause,
      data: { position },
    })
  }
}
