// TCP whose connections obey the fault rules: what comes and goes passes through a lane each way, beneath encryption, so
// that everything above sees what it would see on a bad network. The two ends of a raw connection that the library lets
// others fill in (`onData`, `sendData`) are where the lanes are put in.
import type { ComponentLogger, Metrics, Transport, Upgrader } from '@libp2p/interface'
import { type TCPOptions, tcp } from '@libp2p/tcp'
import type { AbstractMultiaddrConnection } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import { placeOf } from '../address.ts'
import { NetworkError } from '../errors.ts'
import { Lane } from './lane.ts'
import type { FaultyLink, LinkFaults } from './link-faults.ts'

type TcpComponents = { readonly logger: ComponentLogger; readonly metrics?: Metrics }
type Piece = Uint8Array | Uint8ArrayList

/** `isBare`: connections to these addresses have no lanes, as what they carry has some. */
export function faultyTcp(
  options: TCPOptions,
  faults: LinkFaults,
  isBare: (address: string) => boolean = () => false,
): (components: TcpComponents) => Transport {
  const create = tcp(options)
  return (components) => {
    const transport = create(components)
    const { dial, createListener } = transport
    transport.dial = (address, given) => {
      const upgrader = isBare(address.toString()) ? given.upgrader : faultyUpgrader(given.upgrader, faults)
      return dial.call(transport, address, { ...given, upgrader })
    }
    transport.createListener = (given) =>
      createListener.call(transport, { ...given, upgrader: faultyUpgrader(given.upgrader, faults) })
    return transport
  }
}

/** The upgrader is handed each raw connection before a byte of it is read. */
export function faultyUpgrader(upgrader: Upgrader, faults: LinkFaults): Upgrader {
  return new Proxy(upgrader, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (name !== 'upgradeInbound' && name !== 'upgradeOutbound') return value.bind(target)
      return (connection: AbstractMultiaddrConnection, ...rest: unknown[]) => {
        putLanes(connection, faults)
        return value.call(target, connection, ...rest)
      }
    },
  })
}

function putLanes(connection: AbstractMultiaddrConnection, faults: LinkFaults): void {
  const receive = connection.onData.bind(connection)
  const send = connection.sendData.bind(connection)
  const reset = () => connection.abort(new NetworkError('NOT_CONNECTED', 'the connection was reset by a fault'))
  const { clock, random } = faults
  const inbound = new Lane<Piece>({
    clock,
    random,
    reset,
    effect: () => faults.effect(link.peer, 'in'),
    pass: receive,
    onFull: () => connection.sendPause(),
    onRoom: () => connection.sendResume(),
  })
  let isFull = false
  const outbound = new Lane<Uint8ArrayList>({
    clock,
    random,
    reset,
    effect: () => faults.effect(link.peer, 'out'),
    pass: (piece) => {
      if (connection.status === 'open') send(piece)
    },
    onFull: () => {
      isFull = true
    },
    onRoom: () => {
      isFull = false
      connection.onMuxerDrain()
    },
  })
  const link: FaultyLink = {
    address: placeOf(connection.remoteAddr.toString()),
    peer: undefined,
    changed: () => {
      inbound.pump()
      outbound.pump()
    },
    counts: () => ({ in: inbound.counts(), out: outbound.counts() }),
  }
  connection.onData = (data) => (inbound.isClear ? receive(data) : inbound.push(data))
  connection.sendData = (data) => {
    if (outbound.isClear) return send(data)
    // The library goes on with the same list.
    const piece = new Uint8ArrayList(data.subarray())
    outbound.push(piece)
    return { sentBytes: piece.byteLength, canSendMore: !isFull }
  }
  faults.opened(link)
  connection.addEventListener('close', () => {
    inbound.close()
    outbound.close()
    faults.closed(link)
  })
}
