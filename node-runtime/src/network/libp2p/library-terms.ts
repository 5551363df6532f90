// Peer ids, addresses and failures between the library's form and the port's.
import type { Connection, PeerId as LibraryPeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { NetworkError } from '../errors.ts'
import type { PeerId } from '../network.ts'

export function libraryId(peer: PeerId): LibraryPeerId {
  try {
    return peerIdFromString(peer)
  } catch (cause) {
    throw new NetworkError('PEER_ID_INVALID', `${JSON.stringify(peer.slice(0, 80))} is not a peer id`, { cause })
  }
}

export function parseAddress(address: string): ReturnType<typeof multiaddr> {
  try {
    return multiaddr(address)
  } catch (cause) {
    throw new NetworkError('ADDRESS_INVALID', `${JSON.stringify(address)} is not an address like /ip4/HOST/tcp/PORT`, {
      cause,
    })
  }
}

export function listenError(listen: readonly string[], cause: unknown): NetworkError {
  const reason = reasonOf(cause)
  const inUse = reason.includes('EADDRINUSE')
  const message = inUse
    ? `could not listen on ${listen.join(', ')}: another process uses the port; choose another swarm port`
    : `could not listen on ${listen.join(', ')}: ${reason}`
  return new NetworkError(inUse ? 'ADDRESS_IN_USE' : 'ADDRESS_UNUSABLE', message, { cause })
}

/** The handshake showed our own key: the address was ours under another name. */
export function isSelfDial(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isSelfDial)
  return error instanceof Error && error.name === 'InvalidPeerIdError' && error.message.includes('self')
}

/** The library nests causes in aggregates. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ')
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`
}

/** A direct one where there is one: relayed ones end when a direct one has taken their place. */
export function bestOf(connections: readonly Connection[]): Connection | undefined {
  const open = connections.filter(({ status }) => status === 'open')
  return open.find(({ direct }) => direct) ?? open[0]
}
