// TCP whose connections obey the fault rules: what comes and goes passes through a lane each way, beneath encryption, so
// that everything above sees what it would see on a bad network. The two ends of a raw connection that the library lets
// others fill in (`onData`, `sendData`) are where the lanes are put in.
import type { Upgrader } from '@libp2p/interface'
import type { AbstractMultiaddrConnection } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import { placeOf } from '../address.ts'
import { NetworkError } from '../errors.ts'
import { seenTransport, seenUpgrader } from '../raw-connections.ts'
import { Lane } from './lane.ts'
import type { FaultyLink, LinkFaults } from './link-faults.ts'

type Piece = Uint8Array | Uint8ArrayList

/** `isBare`: connections to these addresses have no lanes, as what they carry has some. */
export function faultyTcp(
  create: Parameters<typeof seenTransport>[0],
  faults: LinkFaults,
  isBare: (address: string) => boolean = () => false,
): ReturnType<typeof seenTransport> {
  return seenTransport(create, (connection, dialled) => {
    if (dialled === undefined || !isBare(dialled)) putLanes(connection, faults)
  })
}

export function faultyUpgrader(upgrader: Upgrader, faults: LinkFaults): Upgrader {
  return seenUpgrader(upgrader, (connection) => putLanes(connection, faults))
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
