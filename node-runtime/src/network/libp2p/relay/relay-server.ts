// The relay: holds a place for each node that asks, and connects others to it through the connection that the node itself
// opened. It passes on encrypted bytes. Every table has a cap; a node that is gone loses its place at once.
import type { Connection, Stream } from '@libp2p/interface'
import { fromBase58 } from '../../../base/bytes.ts'
import type { Clock } from '../../../base/clock.ts'
import type { Logger } from '../../../base/log.ts'
import { NetworkError } from '../../errors.ts'
import {
  CIRCUITS_MAX,
  CIRCUITS_PER_PEER_MAX,
  INBOUND_STREAMS_PER_PROTOCOL_MAX,
  NEGOTIATE_TIMEOUT_MS,
  RESERVATION_MS,
  RESERVATIONS_MAX,
} from '../../limits.ts'
import type { PeerId } from '../../network.ts'
import {
  CircuitStatus,
  decodeHop,
  decodeStop,
  encodeHop,
  encodeStop,
  type HopMessage,
  STOP_PROTOCOL,
} from './circuit-messages.ts'
import { type CircuitStream, circuitStream, joinStreams } from './circuit-stream.ts'
import { peerOf } from './relay-transport.ts'

export interface RelayServerParts {
  readonly clock: Clock
  readonly log: Logger
  /** Of this peer, open ones. */
  connections(peer: PeerId): readonly Connection[]
  /** Somebody has a place, or has none any more. */
  changed(): void
}

export interface RelayCounts {
  readonly reservations: number
  readonly circuits: number
  readonly refused: number
}

export class RelayServer {
  readonly #parts: RelayServerParts
  /** Until when, by peer. */
  readonly #places = new Map<PeerId, number>()
  /** Circuits that lead to or from a peer. */
  readonly #circuitsOf = new Map<PeerId, number>()
  #circuits = 0
  #refused = 0

  constructor(parts: RelayServerParts) {
    this.#parts = parts
  }

  has(peer: PeerId): boolean {
    return (this.#places.get(peer) ?? 0) > this.#parts.clock.nowMs()
  }

  counts(): RelayCounts {
    return { reservations: this.#places.size, circuits: this.#circuits, refused: this.#refused }
  }

  disconnected(peer: PeerId): void {
    if (this.#places.delete(peer)) this.#parts.changed()
  }

  /** A stream of the hop protocol. */
  async serve(stream: Stream, connection: Connection): Promise<void> {
    const signal = AbortSignal.timeout(NEGOTIATE_TIMEOUT_MS)
    const circuit = circuitStream(stream)
    const asker = connection.remotePeer.toString()
    try {
      const request = decodeHop(await circuit.read(signal))
      if (request.t === 'connect') await this.#connect(circuit, asker, request.peer, signal)
      else await this.#answer(circuit, request.t === 'reserve' ? this.#reserve(asker) : MALFORMED, signal)
    } catch (error) {
      this.#parts.log.debug({ peer: asker, error: String(error) }, 'relay request failed')
      stream.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #reserve(peer: PeerId): HopMessage {
    const now = this.#parts.clock.nowMs()
    for (const [each, untilMs] of this.#places) if (untilMs <= now) this.#places.delete(each)
    const isNew = !this.#places.has(peer)
    if (isNew && this.#places.size >= RESERVATIONS_MAX) {
      this.#refused += 1
      return { t: 'status', status: CircuitStatus.reservationRefused }
    }
    this.#places.set(peer, now + RESERVATION_MS)
    if (isNew) this.#parts.changed()
    return { t: 'status', status: CircuitStatus.ok, expiresSec: Math.floor((now + RESERVATION_MS) / 1000) }
  }

  async #connect(circuit: CircuitStream, asker: PeerId, wanted: Uint8Array, signal: AbortSignal): Promise<void> {
    const peer = peerOf(wanted)
    const refusal = this.#refusalOf(asker, peer)
    if (refusal !== undefined) {
      this.#refused += 1
      await this.#answer(circuit, { t: 'status', status: refusal }, signal)
      return
    }
    const target = await this.#openTo(peer, asker, signal)
    if (target === undefined) {
      await this.#answer(circuit, { t: 'status', status: CircuitStatus.connectionFailed }, signal)
      return
    }
    this.#count(asker, peer, 1)
    target.addEventListener('close', () => this.#count(asker, peer, -1), { once: true })
    try {
      await circuit.write(encodeHop({ t: 'status', status: CircuitStatus.ok }), signal)
      joinStreams(circuit.unwrap(), target)
    } catch (error) {
      target.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
    this.#parts.log.info({ from: asker, to: peer }, 'connected through this relay')
  }

  #refusalOf(asker: PeerId, peer: PeerId): number | undefined {
    if (!this.has(peer)) return CircuitStatus.noReservation
    const most = Math.max(this.#circuitsOf.get(asker) ?? 0, this.#circuitsOf.get(peer) ?? 0)
    return this.#circuits >= CIRCUITS_MAX || most >= CIRCUITS_PER_PEER_MAX ? CircuitStatus.limitExceeded : undefined
  }

  /** Undefined where the node does not take it. */
  async #openTo(peer: PeerId, asker: PeerId, signal: AbortSignal): Promise<Stream | undefined> {
    const [connection] = this.#parts.connections(peer)
    if (connection === undefined) return undefined
    let stream: Stream | undefined
    try {
      stream = await connection.newStream(STOP_PROTOCOL, { signal, maxOutboundStreams: CIRCUITS_PER_PEER_MAX })
      const circuit = circuitStream(stream)
      await circuit.write(encodeStop({ t: 'connect', peer: fromBase58(asker) }), signal)
      const answer = decodeStop(await circuit.read(signal))
      if (answer.t === 'status' && answer.status === CircuitStatus.ok) return circuit.unwrap()
      throw new NetworkError('DIAL_FAILED', `${peer} does not take a connection through this relay`)
    } catch (error) {
      this.#parts.log.debug({ peer, error: String(error) }, 'node not reached for a relayed connection')
      stream?.abort(error instanceof Error ? error : new Error(String(error)))
      return undefined
    }
  }

  #count(from: PeerId, to: PeerId, change: 1 | -1): void {
    this.#circuits += change
    for (const peer of [from, to]) {
      const count = (this.#circuitsOf.get(peer) ?? 0) + change
      if (count > 0) this.#circuitsOf.set(peer, count)
      else this.#circuitsOf.delete(peer)
    }
  }

  async #answer(circuit: CircuitStream, message: HopMessage, signal: AbortSignal): Promise<void> {
    await circuit.write(encodeHop(message), signal)
    await circuit.unwrap().close({ signal })
  }
}

const MALFORMED: HopMessage = { t: 'status', status: CircuitStatus.malformed }

/** Streams of the hop protocol that a node may have open: each connection through the relay is one. */
export const HOP_STREAMS = { maxInboundStreams: CIRCUITS_PER_PEER_MAX + INBOUND_STREAMS_PER_PROTOCOL_MAX }
