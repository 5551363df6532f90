// The words of JSON, in bytes (RFC 8259).
import { type Bytes, utf8 } from '../../../base/bytes.ts'

export const LITERALS: readonly Bytes[] = ['true', 'false', 'null'].map(utf8)

export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** The first of a number. */
export function isNumberByte(byte: number): boolean {
  return byte === MINUS || isDigit(byte)
}

/** Behind the number at `from`; -1 where there is none. */
export function numberEnd(bytes: Bytes, from: number): number {
  const first = bytes[from] === MINUS ? from + 1 : from
  let at = bytes[first] === ZERO ? first + 1 : digitsEnd(bytes, first)
  if (at !== -1 && bytes[at] === POINT) at = digitsEnd(bytes, at + 1)
  if (at === -1 || !isExponent(bytes[at])) return at
  const sign = bytes[at + 1]
  return digitsEnd(bytes, sign === PLUS || sign === MINUS ? at + 2 : at + 1)
}

/** Behind the escape whose backslash is at `from`; -1 where it is none. */
export function escapeEnd(bytes: Bytes, from: number): number {
  const kind = bytes[from + 1]
  if (kind === undefined) return -1
  if (kind !== LETTER_U) return ESCAPES.includes(kind) ? from + 2 : -1
  for (let at = from + 2; at < from + 6; at += 1) if (!isHex(bytes[at] ?? 0)) return -1
  return from + 6
}

/** At least one. */
function digitsEnd(bytes: Bytes, from: number): number {
  let at = from
  while (isDigit(bytes[at] ?? 0)) at += 1
  return at === from ? -1 : at
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39
}

function isHex(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)
}

function isExponent(byte: number | undefined): boolean {
  return byte === 0x45 || byte === 0x65
}

const PLUS = 0x2b
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const LETTER_U = 0x75
const ESCAPES = utf8('"\\/bfnrt')
