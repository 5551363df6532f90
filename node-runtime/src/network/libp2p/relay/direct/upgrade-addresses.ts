// Where a peer behind a relay is tried, and where we say that we could be reached. Pure.
import { hostOf, placeOf } from '../../../address.ts'
import { UPGRADE_ADDRESSES_MAX } from '../../../limits.ts'
import { isTcpPlace } from './upgrade-messages.ts'

export interface Surroundings {
  /** Where this node listens. */
  readonly own: readonly string[]
  /** An address of the relay: only where it is on this machine can the peer be, too. */
  readonly relay: string
}

/**
 * Of what a peer says of itself. Not tried are addresses that are everybody's own, and ours: who names them cannot make a
 * node connect to itself or to its machine.
 */
export function worthTrying(addresses: readonly string[], { own, relay }: Surroundings): string[] {
  const ownPlaces = own.map(placeOf)
  const places = addresses.map(placeOf).filter((place) => isTcpPlace(place) && !ownPlaces.includes(place))
  return [...new Set(places)].filter((place) => isSomewhere(place, relay)).slice(0, UPGRADE_ADDRESSES_MAX)
}

/**
 * What we say: where we listen, and the same ports at the host that others see us under, which a router perhaps leads to
 * us. `observed`: our end of a connection to a relay, as the relay sees it; nobody can connect to its port.
 */
export function worthTelling({ own, relay }: Surroundings, observed: string | undefined): string[] {
  const places = own.map(placeOf).filter((place) => isTcpPlace(place))
  const guessed =
    observed === undefined ? [] : places.map((place) => `${hostOf(observed)}${place.slice(hostOf(place).length)}`)
  const known = [...places, ...guessed].filter((place) => isTcpPlace(place) && isSomewhere(place, relay))
  return [...new Set(known)].slice(0, UPGRADE_ADDRESSES_MAX)
}

function isSomewhere(place: string, relay: string): boolean {
  if (/^\/ip4\/0\.|^\/ip6\/::\/|\/tcp\/0$/.test(place)) return false
  return !isLoopback(place) || isLoopback(relay)
}

function isLoopback(address: string): boolean {
  return /^\/ip4\/127\.|^\/ip6\/::1\/|^\/ip6\/::ffff:(127\.|7f)/.test(address)
}
