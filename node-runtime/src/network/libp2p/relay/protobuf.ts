// Protobuf by hand, as far as the messages of relays need it: strict and bounded. Pure.
import { type Bytes, concat } from '../../../base/bytes.ts'
import { NetworkError } from '../../errors.ts'
import { CIRCUIT_FIELDS_MAX, CIRCUIT_MESSAGE_BYTES_MAX } from '../../limits.ts'

/** By field number, each with all that it was given, in order; of a field that is to be there once, the last counts. */
export type Fields = ReadonlyMap<number, readonly (number | Bytes)[]>

const VARINT = 0
const LENGTH_DELIMITED = 2

/** Throws NetworkError FRAME_INVALID. */
export function fieldsOf(bytes: Bytes): Fields {
  if (bytes.byteLength > CIRCUIT_MESSAGE_BYTES_MAX) throw invalid(`a message of ${bytes.byteLength} bytes`)
  const fields = new Map<number, (number | Bytes)[]>()
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++]
      if (byte === undefined) throw invalid('a message that ends within a number')
      value += (byte & 0x7f) * factor
      if (value > Number.MAX_SAFE_INTEGER) throw invalid('a number that is too large')
      if (byte < 0x80) return value
    }
  }
  const put = (field: number, value: number | Bytes) => {
    const values = fields.get(field)
    if (values === undefined) fields.set(field, [value])
    else values.push(value)
  }
  for (let count = 0; at < bytes.byteLength; count++) {
    if (count === CIRCUIT_FIELDS_MAX) throw invalid(`a message of more than ${CIRCUIT_FIELDS_MAX} fields`)
    const key = varint()
    const value = varint()
    const field = Math.floor(key / 8)
    if (key % 8 === VARINT) {
      put(field, value)
    } else if (key % 8 === LENGTH_DELIMITED) {
      if (value > bytes.byteLength - at) throw invalid('a field that is longer than the message')
      put(field, bytes.subarray(at, at + value))
      at += value
    } else throw invalid('a field of an unknown kind')
  }
  return fields
}

/** Throws NetworkError FRAME_INVALID where there is none. */
export function numberIn(fields: Fields, field: number): number {
  const value = fields.get(field)?.at(-1)
  if (typeof value === 'number') return value
  throw invalid(`a message without field ${field}`)
}

export function bytesIn(fields: Fields, field: number): Bytes | undefined {
  const value = fields.get(field)?.at(-1)
  return value instanceof Uint8Array ? value : undefined
}

export function number(field: number, value: number): Bytes {
  return Uint8Array.from([...varintOf(field * 8 + VARINT), ...varintOf(value)])
}

export function nested(field: number, bytes: Bytes): Bytes {
  return concat([Uint8Array.from([...varintOf(field * 8 + LENGTH_DELIMITED), ...varintOf(bytes.byteLength)]), bytes])
}

export function invalid(what: string): NetworkError {
  return new NetworkError('FRAME_INVALID', `circuit relay: ${what}`)
}

function varintOf(value: number): number[] {
  const out: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out.push((rest % 128) + 0x80)
  return [...out, rest]
}
