// The messages of circuit relay v2 (libp2p's specification), as far as they are used here: `hop`: between a node
// and the relay. `stop`: between the relay and the node that is to be reached. Pure.
import { type Bytes, concat } from '../../../base/bytes.ts'
import { bytesIn, type Fields, fieldsOf, invalid, nested, number, numberIn } from './protobuf.ts'

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
  const reservation = bytesIn(fields, 3)
  const expiresSec = reservation === undefined ? undefined : numberIn(fieldsOf(reservation), 1)
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
  const peer = bytesIn(fields, 2)
  const id = peer === undefined ? undefined : bytesIn(fieldsOf(peer), 1)
  if (id !== undefined) return id
  throw invalid('a message without the peer that is meant')
}
