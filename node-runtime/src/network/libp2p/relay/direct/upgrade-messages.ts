// The messages of /libp2p/dcutr (libp2p's specification, "Direct Connection Upgrade through Relay"): where each end could
// perhaps be reached, and the word to go. Pure.
import { multiaddr } from '@multiformats/multiaddr'
import { type Bytes, concat } from '../../../../base/bytes.ts'
import { placeOf } from '../../../address.ts'
import { UPGRADE_ADDRESSES_MAX } from '../../../limits.ts'
import { fieldsOf, invalid, nested, number, numberIn } from '../protobuf.ts'

export const UPGRADE_PROTOCOL = '/libp2p/dcutr'

const CONNECT = 100
const SYNC = 300

export type UpgradeMessage =
  /** `addresses`: /ip4 or /ip6, /tcp, without peer ids. */
  { readonly t: 'connect'; readonly addresses: readonly string[] } | { readonly t: 'sync' }

export function encodeUpgrade(message: UpgradeMessage): Bytes {
  if (message.t === 'sync') return number(1, SYNC)
  const addresses = message.addresses.slice(0, UPGRADE_ADDRESSES_MAX)
  return concat([number(1, CONNECT), ...addresses.map((address) => nested(2, multiaddr(address).bytes))])
}

/** Throws NetworkError FRAME_INVALID. Addresses of other kinds, and what are none, are passed over. */
export function decodeUpgrade(bytes: Bytes): UpgradeMessage {
  const fields = fieldsOf(bytes)
  const type = numberIn(fields, 1)
  if (type === SYNC) return { t: 'sync' }
  if (type !== CONNECT) throw invalid(`an upgrade message of type ${type}`)
  const addresses = (fields.get(2) ?? []).flatMap((address) => placeIn(address))
  return { t: 'connect', addresses: addresses.slice(0, UPGRADE_ADDRESSES_MAX) }
}

function placeIn(bytes: number | Bytes): string[] {
  if (typeof bytes === 'number') return []
  try {
    const place = placeOf(multiaddr(bytes).toString())
    return isTcpPlace(place) ? [place] : []
  } catch {
    return []
  }
}

/** Of an address, in numbers. */
export function isTcpPlace(place: string): boolean {
  return /^\/ip[46]\/[0-9a-f.:]+\/tcp\/\d+$/.test(place)
}
