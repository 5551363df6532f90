import { multiaddr } from '@multiformats/multiaddr'
import { expect, it } from 'vitest'
import { concat, fromHex, toHex } from '../../../../base/bytes.ts'
import { UPGRADE_ADDRESSES_MAX } from '../../../limits.ts'
import { nested, number } from '../protobuf.ts'
import { decodeUpgrade, encodeUpgrade, type UpgradeMessage } from './upgrade-messages.ts'

const PLACE = '/ip4/10.0.0.2/tcp/2428'

it.each<[UpgradeMessage, string]>([
  [{ t: 'connect', addresses: [PLACE] }, '08641208040a00000206097c'],
  [{ t: 'connect', addresses: [] }, '0864'],
  [{ t: 'sync' }, '08ac02'],
])('%o is what the specification has', (message, hex) => {
  expect(toHex(encodeUpgrade(message))).toBe(hex)
  expect(decodeUpgrade(Uint8Array.from(fromHex(hex)))).toEqual(message)
})

it('of the addresses of others, those are read that can be dialled here, and no more than are tried', () => {
  const others = ['/ip4/10.0.0.2/udp/1/quic-v1', '/dns4/example.org/tcp/1', `${PLACE}/ws`, '/ip6/2001:db8::1/tcp/9']
  const bytes = concat([
    number(1, 100),
    number(2, 7),
    nested(2, fromHex('ffffff')),
    ...others.map((address) => nested(2, multiaddr(address).bytes)),
    ...Array.from({ length: UPGRADE_ADDRESSES_MAX + 1 }, (_, port) =>
      nested(2, multiaddr(`/ip4/10.0.0.3/tcp/${port + 1}`).bytes),
    ),
  ])
  const read = decodeUpgrade(bytes)
  const addresses = read.t === 'connect' ? read.addresses : []
  expect(addresses).toHaveLength(UPGRADE_ADDRESSES_MAX)
  expect(addresses.slice(0, 2)).toEqual(['/ip6/2001:db8::1/tcp/9', '/ip4/10.0.0.3/tcp/1'])
})

it.each([
  ['nothing', ''],
  ['a type that is none', '0809'],
  ['addresses without a type', '1200'],
])('%s is refused', (_, hex) => {
  expect(() => decodeUpgrade(fromHex(hex))).toThrow(expect.objectContaining({ code: 'FRAME_INVALID' }))
})
