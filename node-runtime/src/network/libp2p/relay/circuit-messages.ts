// The messages of circuit relay v2 (libp2p's specification), as far as they are used here: protobuf by hand, strict and
// bounded. `hop`: between a node and the relay. `stop`: between the relay and the node that is to be reached. Pure.
import { type Bytes, concat } from '../../../base/bytes.ts'
import { NetworkError } from '../../errors.ts'
import { CIRCUIT_FIELDS_MAX, CIRCUIT_MESSAGE_BYTES_MAX } from '../../limits.ts'

export const HOP_PROTOCOL = '/libp2p/circuit/relay/0.2.0/hop'
export const STOP_PROTOCOL = '/libp2p/circuit/relay/0.2.0/stop'

export const CircuitStatus = {
  ok: 100,
  reservationRefused: 200,
  limitExceeded: 201,
  connectionFailed: 203,
  noReservation: 204,
  malformed: 400,
} as const

export type HopMessage =
  | { readonly t: 'reserve' }
  /** `peer`: the bytes of a peer id. */
  | { readonly t: 'connect'; readonly peer: Bytes }
  /** `expiresSec`: since 1970, of a reservation that was made. */
  | { readonly t: 'status'; readonly status: number; readonly expiresSec?: number }

export type StopMessage =
  | { readonly t: 'connect'; readonly peer: Bytes }
  | { readonly t: 'status'; readonly status: number }

export function encodeHop(message: HopMessage): Bytes {
  if (message.t === 'reserve') return number(1, 0)
  if (message.t === 'connect') return concat([number(1, 1), nested(2, nested(1, message.peer))])
  const { status, expiresSec } = message
  return concat([
    number(1, 2),
    ...(expiresSec === undefined ? [] : [nested(3, number(1, expiresSec))]),
    number(5, status),
  ])
}

/** Throws NetworkError FRAME_INVALID. Fields of no use here are passed over. */
export function decodeHop(bytes: Bytes): HopMessage {
  const fields = fieldsOf(bytes)
  const type = numberIn(fields, 1)
  if (type === 0) return { t: 'reserve' }
  if (type === 1) return { t: 'connect', peer: peerIn(fields) }
  if (type !== 2) throw invalid(`a hop message of type ${type}`)
  const reservation = fields.get(3)
  const expiresSec = reservation instanceof Uint8Array ? numberIn(fieldsOf(reservation), 1) : undefined
  return { t: 'status', status: numberIn(fields, 5), ...(expiresSec !== undefined && { expiresSec }) }
}

export function encodeStop(message: StopMessage): Bytes {
  if (message.t === 'connect') return concat([number(1, 0), nested(2, nested(1, message.peer))])
  return concat([number(1, 1), number(4, message.status)])
}

/** Throws NetworkError FRAME_INVALID. */
export function decodeStop(bytes: Bytes): StopMessage {
  const fields = fieldsOf(bytes)
  const type = numberIn(fields, 1)
  if (type === 0) return { t: 'connect', peer: peerIn(fields) }
  if (type === 1) return { t: 'status', status: numberIn(fields, 4) }
  throw invalid(`a stop message of type ${type}`)
}

function peerIn(fields: Fields): Bytes {
  const peer = fields.get(2)
  const id = peer instanceof Uint8Array ? fieldsOf(peer).get(1) : undefined
  if (id instanceof Uint8Array) return id
  throw invalid('a message without the peer that is meant')
}

function numberIn(fields: Fields, field: number): number {
  const value = fields.get(field)
  if (typeof value === 'number') return value
  throw invalid(`a message without field ${field}`)
}

/** By field number; of a field that is there twice, the last, as protobuf has it. */
type Fields = ReadonlyMap<number, number | Bytes>

const VARINT = 0
const LENGTH_DELIMITED = 2

function fieldsOf(bytes: Bytes): Fields {
  if (bytes.byteLength > CIRCUIT_MESSAGE_BYTES_MAX) throw invalid(`a message of ${bytes.byteLength} bytes`)
  const fields = new Map<number, number | Bytes>()
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
  for (let count = 0; at < bytes.byteLength; count++) {
    if (count === CIRCUIT_FIELDS_MAX) throw invalid(`a message of more than ${CIRCUIT_FIELDS_MAX} fields`)
    const key = varint()
    const value = varint()
    const field = Math.floor(key / 8)
    if (key % 8 === VARINT) {
      fields.set(field, value)
    } else if (key % 8 === LENGTH_DELIMITED) {
      if (value > bytes.byteLength - at) throw invalid('a field that is longer than the message')
      fields.set(field, bytes.subarray(at, at + value))
      at += value
    } else throw invalid('a field of an unknown kind')
  }
  return fields
}

function number(field: number, value: number): Bytes {
  return Uint8Array.from([...varintOf(field * 8 + VARINT), ...varintOf(value)])
}

function nested(field: number, bytes: Bytes): Bytes {
  return concat([Uint8Array.from([...varintOf(field * 8 + LENGTH_DELIMITED), ...varintOf(bytes.byteLength)]), bytes])
}

function varintOf(value: number): number[] {
  const out: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out.push((rest % 128) + 0x80)
  return [...out, rest]
}

function invalid(what: string): NetworkError {
  return new NetworkError('FRAME_INVALID', `circuit relay: ${what}`)
}
