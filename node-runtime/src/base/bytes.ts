// Byte strings: comparison, concatenation, text forms. Pure.
import { Buffer } from 'node:buffer'
import { base58btc } from 'multiformats/bases/base58'

export type Bytes = Uint8Array

export const EMPTY: Bytes = new Uint8Array(0)

const encoder = new TextEncoder()
// A mark of the byte order at the start is part of the text: without it the text would have other bytes.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function utf8(text: string): Bytes {
  return encoder.encode(text)
}

/** Throws TypeError when `bytes` is not valid UTF-8. */
export function fromUtf8(bytes: Bytes): string {
  return decoder.decode(bytes)
}

export function toHex(bytes: Bytes): string {
  return bufferOf(bytes).toString('hex')
}

/** Ids and digests, which are most of what comes as hex, are read faster by a loop, into memory of their own. */
const LOOP_BYTES_MAX = 64
const NO_DIGIT = 16
const digits = new Uint8Array(0x80).fill(NO_DIGIT)
for (let digit = 0; digit < 16; digit += 1) {
  const text = digit.toString(16)
  digits[text.charCodeAt(0)] = digit
  digits[text.toUpperCase().charCodeAt(0)] = digit
}

/** `text` must be validated hex: an odd length or another character silently ends the result early. */
export function fromHex(text: string): Bytes {
  const length = text.length >>> 1
  if (length > LOOP_BYTES_MAX) return Buffer.from(text, 'hex')
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i += 1) {
    const high = digits[text.charCodeAt(2 * i)] ?? NO_DIGIT
    const low = digits[text.charCodeAt(2 * i + 1)] ?? NO_DIGIT
    if ((high | low) >= NO_DIGIT) return bytes.subarray(0, i)
    bytes[i] = (high << 4) | low
  }
  return bytes
}

/** Base58 with the bitcoin alphabet and no multibase prefix, as the HTTP API writes ids. */
export function toBase58(bytes: Bytes): string {
  return base58btc.baseEncode(bytes)
}

/** Throws SyntaxError when a character is outside the alphabet. */
export function fromBase58(text: string): Bytes {
  return base58btc.baseDecode(text)
}

const SLAB_BYTES = 16 * 1024
/** Arrays up to here lie in the engine's own heap: they cost little, and keep nothing else alive. */
const OWN_BYTES_MAX = 64
let slab = new Uint8Array(SLAB_BYTES)
let slabUsed = 0

/**
 * A copy that changes with nothing else. Ids, keys, digests and signatures have memory of their own. What is a little
 * larger shares it, since its own takes ten times as long: whoever keeps such a copy keeps up to 16 KiB with it.
 */
export function copyOf(bytes: Bytes): Bytes {
  const length = bytes.byteLength
  if (length <= OWN_BYTES_MAX || length > SLAB_BYTES / 8) return new Uint8Array(bytes)
  if (slabUsed + length > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES)
    slabUsed = 0
  }
  const copy = slab.subarray(slabUsed, slabUsed + length)
  copy.set(bytes)
  slabUsed += length
  return copy
}

/** The same memory with the methods of a Buffer. */
export function bufferOf(bytes: Bytes): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** One code unit a byte: the key of a map at half the cost of hex. The order of the texts is that of the bytes. */
export function binaryText(bytes: Bytes): string {
  return bufferOf(bytes).toString('latin1')
}

export function concat(parts: readonly Bytes[]): Bytes {
  return Buffer.concat(parts)
}

/** Lexicographic order of unsigned bytes, the order of the store's keys. */
export function compareBytes(a: Bytes, b: Bytes): number {
  return Buffer.compare(a, b)
}

export function equalBytes(a: Bytes, b: Bytes): boolean {
  return a.byteLength === b.byteLength && Buffer.compare(a, b) === 0
}

/** Big-endian, so that the byte order of keys is the order of numbers. */
export function u64be(value: bigint): Bytes {
  const out = Buffer.alloc(8)
  out.writeBigUInt64BE(value)
  return out
}

export function u32be(value: number): Bytes {
  const out = Buffer.alloc(4)
  out.writeUInt32BE(value)
  return out
}
