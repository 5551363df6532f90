import { expect, it } from 'vitest'
import { UPGRADE_ADDRESSES_MAX } from '../../../limits.ts'
import { worthTelling, worthTrying } from './upgrade-addresses.ts'

const RELAY = '/ip4/198.51.100.1/tcp/4001/p2p/R/p2p-circuit/p2p/P'
const LOCAL_RELAY = '/ip4/127.0.0.1/tcp/4001/p2p/R/p2p-circuit/p2p/P'
const OWN = '/ip4/10.0.0.9/tcp/2428'

it('what a peer names is tried where it is somewhere, is not us, and is TCP', () => {
  const named = [
    '/ip4/0.0.0.0/tcp/1',
    '/ip6/::/tcp/1',
    '/ip4/10.0.0.2/tcp/0',
    '/ip4/127.0.0.1/tcp/1',
    '/ip6/::1/tcp/1',
    '/ip6/::ffff:7f00:1/tcp/1',
    '/dns4/example.org/tcp/1',
    OWN,
    '/ip4/10.0.0.2/tcp/1/p2p/P',
    '/ip4/10.0.0.2/tcp/1',
    '/ip6/2001:db8::2/tcp/1',
  ]
  const tried = worthTrying(named, { own: [`${OWN}/p2p/US`], relay: RELAY })
  expect(tried).toEqual(['/ip4/10.0.0.2/tcp/1', '/ip6/2001:db8::2/tcp/1'])
})

it('addresses of the own machine are tried where the relay is on it', () => {
  const loopback = '/ip4/127.0.0.2/tcp/1'
  expect(worthTrying([loopback], { own: [], relay: LOCAL_RELAY })).toEqual([loopback])
  expect(worthTelling({ own: [loopback], relay: LOCAL_RELAY }, undefined)).toEqual([loopback])
  expect(worthTelling({ own: [loopback], relay: RELAY }, undefined)).toEqual([])
})

it('there is a limit to what is tried', () => {
  const named = Array.from({ length: UPGRADE_ADDRESSES_MAX + 5 }, (_, port) => `/ip4/10.0.0.2/tcp/${port + 1}`)
  expect(worthTrying(named, { own: [], relay: RELAY })).toEqual(named.slice(0, UPGRADE_ADDRESSES_MAX))
})

it('told are the own addresses, and the own port at the host that the relay sees', () => {
  const surroundings = { own: [`${OWN}/p2p/US`, '/ip4/127.0.0.1/tcp/2428'], relay: RELAY }
  expect(worthTelling(surroundings, '/ip4/198.51.100.10/tcp/40001')).toEqual([OWN, '/ip4/198.51.100.10/tcp/2428'])
})
