// Connections through a relay, from both of its ends. Dialled: `<relay>/p2p-circuit/p2p/ID`, the relay is asked to connect.
// Received: the relay opens a stream and says for whom. The connection itself is as any other: the handshake of this
// network, so that a relay can neither read it nor pretend to be somebody.
import {
  type ComponentLogger,
  type Connection,
  type Stream,
  type Transport,
  transportSymbol,
  type Upgrader,
} from '@libp2p/interface'
import type { multiaddr } from '@multiformats/multiaddr'
import { fromBase58, toBase58 } from '../../../base/bytes.ts'
import type { Logger } from '../../../base/log.ts'
import { placeOf } from '../../address.ts'
import { NetworkError } from '../../errors.ts'
import { faultyUpgrader } from '../../faults/faulty-tcp.ts'
import type { LinkFaults } from '../../faults/link-faults.ts'
import { CIRCUITS_PER_PEER_MAX, NEGOTIATE_TIMEOUT_MS } from '../../limits.ts'
import type { PeerId } from '../../network.ts'
import { publicKeyOfPeer } from '../../peer-id.ts'
import { libraryId, parseAddress } from '../library-terms.ts'
import { CircuitStatus, decodeHop, decodeStop, encodeHop, encodeStop, HOP_PROTOCOL } from './circuit-messages.ts'
import { circuitStream } from './circuit-stream.ts'
import { RelayedConnection } from './relayed-connection.ts'

type Multiaddr = ReturnType<typeof multiaddr>

/** Of the library's components, those that are used. */
interface RelayComponents {
  readonly upgrader: Upgrader
  readonly logger: ComponentLogger
  readonly connectionManager: { getConnections(peer: ReturnType<typeof libraryId>): Connection[] }
}

/** The relay, the peer behind it. */
interface CircuitAddress {
  readonly relay: PeerId
  readonly peer: PeerId
}

export class RelayTransport {
  readonly #faults: LinkFaults | undefined
  #components: RelayComponents | undefined

  constructor(faults: LinkFaults | undefined) {
    this.#faults = faults
  }

  /** For the library: makes the transport out of its components. */
  readonly create = (components: RelayComponents): Transport => {
    this.#components = components
    return {
      [Symbol.toStringTag]: 'circuit relay',
      [transportSymbol]: true,
      dial: (address, options) => this.#dial(address, options),
      createListener: () => {
        throw new NetworkError('ADDRESS_UNUSABLE', 'a relay is reserved, not listened on')
      },
      listenFilter: () => [],
      dialFilter: (addresses) => addresses.filter((address) => circuitOf(address) !== undefined),
    }
  }

  /** A stream that the relay opened: somebody wants to reach us. Throws NetworkError. */
  async accept(stream: Stream, connection: Connection): Promise<PeerId> {
    const { upgrader, logger } = this.#of('accept')
    const signal = AbortSignal.timeout(NEGOTIATE_TIMEOUT_MS)
    const circuit = circuitStream(stream)
    const request = decodeStop(await circuit.read(signal))
    if (request.t !== 'connect') throw new NetworkError('FRAME_INVALID', 'a relay that does not say what it wants')
    const peer = peerOf(request.peer)
    await circuit.write(encodeStop({ t: 'status', status: CircuitStatus.ok }), signal)
    // By its form the library tells a relayed connection from a direct one: the relay's id is in it once.
    const place = placeOf(connection.remoteAddr.toString())
    const remoteAddr = parseAddress(`${place}/p2p/${connection.remotePeer}/p2p-circuit/p2p/${peer}`)
    const log = logger.forComponent('relay')
    const raw = new RelayedConnection({ stream: circuit.unwrap(), remoteAddr, direction: 'inbound', log })
    await this.#faulty(upgrader).upgradeInbound(raw, { signal })
    return peer
  }

  async #dial(address: Multiaddr, options: Parameters<Transport['dial']>[1]): Promise<Connection> {
    const { connectionManager, logger } = this.#of('dial')
    const circuit = circuitOf(address)
    if (circuit === undefined) throw new NetworkError('ADDRESS_INVALID', `${address} is not the address of a relay`)
    const relay = connectionManager.getConnections(libraryId(circuit.relay)).find((each) => each.status === 'open')
    if (relay === undefined) throw new NetworkError('NOT_CONNECTED', `the relay ${circuit.relay} is not connected`)
    const stream = await relay.newStream(HOP_PROTOCOL, { signal: options.signal })
    try {
      const framed = circuitStream(stream)
      await framed.write(encodeHop({ t: 'connect', peer: fromBase58(circuit.peer) }), options.signal)
      const answer = decodeHop(await framed.read(options.signal))
      if (answer.t !== 'status' || answer.status !== CircuitStatus.ok) {
        const status = answer.t === 'status' ? answer.status : answer.t
        throw new NetworkError('DIAL_FAILED', `the relay does not connect to ${circuit.peer}: status ${status}`)
      }
      const log = logger.forComponent('relay')
      const raw = new RelayedConnection({ stream: framed.unwrap(), remoteAddr: address, direction: 'outbound', log })
      return await this.#faulty(options.upgrader).upgradeOutbound(raw, options)
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  #faulty(upgrader: Upgrader): Upgrader {
    return this.#faults === undefined ? upgrader : faultyUpgrader(upgrader, this.#faults)
  }

  #of(what: string): RelayComponents {
    if (this.#components !== undefined) return this.#components
    throw new Error(`assertion failed: ${what} before the node was made`)
  }
}

/** The bytes of a peer id, as text. Throws NetworkError for what is none of this network. */
export function peerOf(bytes: Uint8Array): PeerId {
  const peer = toBase58(bytes)
  publicKeyOfPeer(peer)
  return peer
}

function circuitOf(address: Multiaddr): CircuitAddress | undefined {
  const match = /\/p2p\/([^/]+)\/p2p-circuit\/p2p\/([^/]+)$/.exec(address.toString())
  const [, relay, peer] = match ?? []
  return relay === undefined || peer === undefined ? undefined : { relay, peer }
}

/** Connections that come through a relay at once: each is a stream of it. */
export const STOP_STREAMS = { maxInboundStreams: CIRCUITS_PER_PEER_MAX }

/** Handles the stop protocol. */
export function acceptRelayed(relay: RelayTransport, log: Logger): (stream: Stream, connection: Connection) => void {
  return (stream, connection) => {
    relay.accept(stream, connection).then(
      (peer) => log.info({ peer, relay: connection.remotePeer.toString() }, 'connected through a relay'),
      (error: unknown) => {
        log.debug({ error: String(error) }, 'connection through a relay failed')
        stream.abort(error instanceof Error ? error : new Error(String(error)))
      },
    )
  }
}
