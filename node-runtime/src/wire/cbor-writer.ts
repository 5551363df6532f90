// Writes canonical DAG-CBOR: shortest heads, keys of maps in ascending order of their bytes. Knows no message.
import { Buffer } from 'node:buffer'
import { type Bytes, copyOf } from '../base/bytes.ts'
import { assert } from '../base/errors.ts'
import type { InPieces } from '../base/pieces.ts'

const UINT = 0
const BYTES = 2
const TEXT = 3
const LIST = 4
const MAP = 5
const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6
const FLOAT64 = 0xfb
const U64_MAX = (1n << 64n) - 1n
/** Most messages fit. A larger one gets a buffer of its own, which is not kept. */
const SCRATCH_BYTES = 64 * 1024
/** What is written in pieces begins with so much, and doubles it. */
const PIECES_BYTES = 4 * 1024
/** Up to here a loop is faster than the encoder. */
const SHORT_TEXT = 32

const utf8 = new TextEncoder()

/**
 * Of null, booleans, numbers, bigints of 64 bits without sign, texts, bytes, lists and plain maps, whose absent fields
 * are undefined. A whole number is an integer, without sign; any other is a fraction, which only rows of our own hold.
 */
export function writeCbor(value: unknown): Bytes {
  const writer = new Writer()
  writer.value(value)
  return writer.taken()
}

/** The same of a list; of it and of what it holds that are lists in turn, `piece` items each time. */
export function* writeListsInPieces(value: readonly unknown[], piece: number): InPieces<Bytes> {
  if (isShort(value, piece)) return writeCbor(value)
  // Others write meanwhile.
  const writer = new Writer(Buffer.allocUnsafeSlow(PIECES_BYTES))
  yield* writer.listInPieces(value, piece)
  return writer.taken()
}

function isShort(value: readonly unknown[], piece: number): boolean {
  return value.length < piece && value.every((item) => !Array.isArray(item) || item.length < piece)
}

class Writer {
  static readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
  #out: Buffer
  #at = 0

  constructor(out = Writer.#scratch) {
    this.#out = out
  }

  taken(): Bytes {
    return copyOf(this.#out.subarray(0, this.#at))
  }

  value(value: unknown): void {
    if (value instanceof Uint8Array) this.#bytes(value)
    else if (typeof value === 'string') this.#text(value)
    else if (typeof value === 'number') this.#number(value)
    else if (typeof value === 'bigint') this.#big(value)
    else if (value === null) this.#byte(NULL)
    else if (typeof value === 'boolean') this.#byte(value ? TRUE : FALSE)
    else if (Array.isArray(value)) this.#list(value)
    else if (typeof value === 'object') this.#map(value as Readonly<Record<string, unknown>>)
    else throw new TypeError(`no CBOR form of a ${typeof value}`)
  }

  *listInPieces(value: readonly unknown[], piece: number): InPieces {
    this.#head(LIST, value.length)
    let room = piece
    for (const item of value) {
      if (Array.isArray(item) && item.length >= piece) yield* this.listInPieces(item, piece)
      else this.value(item)
      room -= 1
      if (room > 0) continue
      yield
      room = piece
    }
  }

  #byte(byte: number): void {
    this.#room(1)
    this.#out[this.#at] = byte
    this.#at += 1
  }

  #head(major: number, value: number): void {
    this.#room(9)
    const out = this.#out
    const first = major << 5
    if (value < 24) {
      out[this.#at] = first | value
      this.#at += 1
    } else if (value < 0x100) {
      out[this.#at] = first | 24
      out[this.#at + 1] = value
      this.#at += 2
    } else if (value < 0x1_0000) {
      out[this.#at] = first | 25
      this.#at = out.writeUInt16BE(value, this.#at + 1)
    } else if (value < 0x1_0000_0000) {
      out[this.#at] = first | 26
      this.#at = out.writeUInt32BE(value, this.#at + 1)
    } else {
      out[this.#at] = first | 27
      out.writeUInt32BE(Math.floor(value / 0x1_0000_0000), this.#at + 1)
      this.#at = out.writeUInt32BE(value % 0x1_0000_0000, this.#at + 5)
    }
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && value >= 0) this.#head(UINT, value)
    else this.#fraction(value)
  }

  #big(value: bigint): void {
    assert(value >= 0n && value <= U64_MAX, 'a number on the wire has 64 bits and no sign')
    if (value <= Number.MAX_SAFE_INTEGER) {
      this.#head(UINT, Number(value))
      return
    }
    this.#byte((UINT << 5) | 27)
    this.#room(8)
    this.#at = this.#out.writeBigUInt64BE(value, this.#at)
  }

  #fraction(value: number): void {
    assert(Number.isFinite(value) && !Number.isSafeInteger(value), 'a number is no negative integer, and finite')
    this.#byte(FLOAT64)
    this.#room(8)
    this.#at = this.#out.writeDoubleBE(value, this.#at)
  }

  #bytes(value: Uint8Array): void {
    this.#head(BYTES, value.byteLength)
    this.#room(value.byteLength)
    this.#out.set(value, this.#at)
    this.#at += value.byteLength
  }

  #text(value: string): void {
    if (value.length <= SHORT_TEXT && this.#ascii(value)) return
    const bytes = utf8.encode(value)
    this.#head(TEXT, bytes.byteLength)
    this.#room(bytes.byteLength)
    this.#out.set(bytes, this.#at)
    this.#at += bytes.byteLength
  }

  /** False, and nothing written, where a character is not ASCII. */
  #ascii(value: string): boolean {
    const start = this.#at
    this.#head(TEXT, value.length)
    this.#room(value.length)
    const out = this.#out
    for (let i = 0; i < value.length; i += 1) {
      const code = value.charCodeAt(i)
      if (code > 0x7f) {
        this.#at = start
        return false
      }
      out[this.#at + i] = code
    }
    this.#at += value.length
    return true
  }

  #list(value: readonly unknown[]): void {
    this.#head(LIST, value.length)
    for (const item of value) this.value(item)
  }

  #map(value: Readonly<Record<string, unknown>>): void {
    const names: string[] = []
    for (const name of Object.keys(value)) if (value[name] !== undefined) names.push(name)
    if (!ascend(names)) names.sort(canonically)
    this.#head(MAP, names.length)
    for (const name of names) {
      this.#text(name)
      this.value(value[name])
    }
  }

  #room(more: number): void {
    const needed = this.#at + more
    if (needed <= this.#out.byteLength) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#out.byteLength))
    this.#out.copy(grown, 0, 0, this.#at)
    this.#out = grown
  }
}

function ascend(names: readonly string[]): boolean {
  for (let i = 1; i < names.length; i += 1) if (canonically(names[i - 1] ?? '', names[i] ?? '') > 0) return false
  return true
}

/** Names of fields are ASCII, where the order of characters is the order of bytes; others are compared as bytes. */
function canonically(a: string, b: string): number {
  if (isAscii(a) && isAscii(b)) return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.byteLength - right.byteLength || Buffer.compare(left, right)
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0x7f) return false
  return true
}
