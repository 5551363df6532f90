// Messages: `[tag, body]` in canonical DAG-CBOR, where the tag names kind and version. One value has one byte form, so
// that a hash over the bytes is a hash over the value; everything else is refused with WireError.
import type { Bytes } from '../base/bytes.ts'
import { readCbor } from './cbor-reader.ts'
import { writeCbor } from './cbor-writer.ts'
import { WireError } from './errors.ts'
import { CBOR_ITEMS_MAX, DEPTH_MAX } from './limits.ts'
import { named, type Shape } from './shape.ts'

export interface Codec<T> {
  /** Throws WireError when `value` breaks a bound: nothing is sent that a peer would refuse. */
  encode(value: T): Bytes
  /** Throws WireError, and nothing else, for any bytes that `encode` did not make. */
  decode(bytes: Bytes): T
}

const LIMITS = { depthMax: DEPTH_MAX, itemsMax: CBOR_ITEMS_MAX }

/** `tag` is `kind/version`, e.g. `delta/1`. */
export function message<T>(tag: string, body: Shape<T>, maxBytes: number): Codec<T> {
  return {
    encode(value) {
      return within(writeCbor([tag, named(tag, (at) => body.raw(value, at))]), tag, maxBytes)
    },
    decode(bytes) {
      const raw = readCbor(within(bytes, tag, maxBytes), LIMITS)
      if (!Array.isArray(raw) || raw.length !== 2 || raw[0] !== tag) {
        const seen = Array.isArray(raw) && typeof raw[0] === 'string' ? raw[0].slice(0, 40) : 'something else'
        throw new WireError('WIRE_KIND', `expected a ${tag} message, got ${seen}`, { data: { expected: tag, seen } })
      }
      return named(tag, (at) => body.read(raw[1], at))
    },
  }
}

function within(bytes: Bytes, tag: string, maxBytes: number): Bytes {
  if (bytes.byteLength <= maxBytes) return bytes
  throw new WireError('WIRE_TOO_LARGE', `${tag}: ${bytes.byteLength} bytes, at most ${maxBytes} are allowed`, {
    data: { bytes: bytes.byteLength, maxBytes },
  })
}
