import { afterEach, expect, it } from 'vitest'
import { systemClock } from '../../../base/clock.ts'
import { signingKeyFromSeed } from '../../../base/keys.ts'
import { silentLogger } from '../../../base/log.ts'
import { systemRandom } from '../../../base/random.ts'
import { eventually, readAll } from '../../contract-waits.ts'
import { type FaultRule, NO_EFFECT } from '../../faults/fault-rule.ts'
import { LinkFaults } from '../../faults/link-faults.ts'
import type { Network } from '../../network.ts'
import { libp2pNetwork } from '../libp2p.ts'
import { type BootNode, openBootNode } from './boot-node.ts'

const parts = { clock: systemClock, random: systemRandom, log: silentLogger }
const LOOPBACK = '/ip4/127.0.0.1/tcp/0'
const opened: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each.close()
})

const newIdentity = () => signingKeyFromSeed(systemRandom.bytes(32))

async function boot(networkId = 'relay'): Promise<BootNode> {
  const node = await openBootNode({ ...parts, identity: newIdentity(), networkId, listen: [LOOPBACK] })
  opened.push(node)
  return node
}

/** `listen` empty: nobody can connect to it, as behind a NAT. */
async function node(bootNode: BootNode, listen: readonly string[], faults?: LinkFaults): Promise<Network> {
  const made = await libp2pNetwork({
    ...parts,
    identity: newIdentity(),
    networkId: 'relay',
    listen,
    faults,
    bootAddresses: [],
    relayAddresses: bootNode.addresses(),
  })
  made.handle('echo/1', async (_, stream) => {
    for await (const frame of stream.frames) await stream.send(frame)
  })
  opened.push(made)
  await made.start()
  return made
}

const connectedTo = (network: Network, peer: Network) => network.peers().includes(peer.peerId)

it('nodes that know only the boot node find each other, and it is no peer of theirs', async () => {
  const first = await boot()
  const nodes = [await node(first, [LOOPBACK]), await node(first, [LOOPBACK]), await node(first, [LOOPBACK])]
  await eventually('everybody is connected', () => nodes.every((each) => each.peers().length === 2))
  const addresses = nodes.flatMap((each) => each.status().peers.map(({ address }) => address))
  expect(addresses.filter((address) => address.includes('p2p-circuit'))).toEqual([])
  // Nodes that can be reached directly are met whether or not they have their places yet.
  await eventually('everybody has a place', () => first.status().reservations === 3)
  expect(first.status()).toMatchObject({ peers: 3, circuits: 0 })
})

it('nodes that nobody can connect to reach each other through the relay, with bytes of any size', async () => {
  const relay = await boot()
  const [a, b] = [await node(relay, []), await node(relay, [])]
  await eventually('they are connected', () => connectedTo(a, b) && connectedTo(b, a))
  expect(a.status().peers[0]?.address).toContain(`/p2p/${relay.peerId}/p2p-circuit`)
  expect(relay.status().circuits).toBeGreaterThan(0)
  const stream = await a.open(b.peerId, 'echo/1')
  const sent = systemRandom.bytes(3_000_000)
  const got = readAll(stream.frames)
  await stream.send(sent)
  await stream.closeWrite()
  const [frame = new Uint8Array()] = await got
  expect(Buffer.compare(frame, sent)).toBe(0)
})

it('a node that is gone loses its place, and the others no longer look for it', async () => {
  const relay = await boot()
  const [a, b] = [await node(relay, []), await node(relay, [])]
  await eventually('they are connected', () => connectedTo(a, b))
  await b.close()
  await eventually('its place is free', () => relay.status().reservations === 1)
  await eventually('nobody looks for it', () => !a.status().boot.some(({ peer }) => peer === b.peerId))
  await eventually('what led to it has ended', () => relay.status().circuits === 0)
  expect(relay.status()).toMatchObject({ peers: 1 })
})

it('a boot node that comes back is found again, and new nodes through it', async () => {
  const identity = newIdentity()
  const open = (listen: string) =>
    openBootNode({ ...parts, identity, networkId: 'relay', listen: [listen] }).then((each) => {
      opened.push(each)
      return each
    })
  const before = await open(LOOPBACK)
  const [address = ''] = before.addresses()
  const a = await node(before, [])
  await eventually('it has a place', () => before.status().reservations === 1)
  await before.close()
  await eventually('its loss is seen', () => a.status().relays?.[0]?.state === 'expired')
  const after = await open(address.replace(/\/p2p\/.*$/, ''))
  const b = await node(after, [])
  await eventually('they are connected', () => connectedTo(a, b) && connectedTo(b, a))
})

it('faults between two nodes are of their connection through the relay, too', async () => {
  const relay = await boot()
  const faults = new LinkFaults(parts)
  const [a, b, c] = [await node(relay, [], faults), await node(relay, []), await node(relay, [])]
  await eventually('they are connected', () => connectedTo(a, b) && connectedTo(a, c) && connectedTo(b, c))
  const blocked: FaultRule = { ...NO_EFFECT, direction: 'both', blocked: true, peers: [b.peerId] }
  faults.put('cut', blocked)
  const heard = async (peer: Network, signal?: AbortSignal) => {
    const stream = await a.open(peer.peerId, 'echo/1', signal === undefined ? {} : { signal })
    await stream.send(Uint8Array.of(7))
    await stream.closeWrite()
    return readAll(stream.frames)
  }
  const given = new AbortController()
  const unheard = heard(b, given.signal)
  // Each may have connected to the other: it is said over one of the connections.
  const waits = () => faults.links().some(({ peer, out }) => peer === b.peerId && out.waitingBytes > 0)
  await eventually('what is said to the one waits', waits)
  expect(await heard(c)).toHaveLength(1)
  given.abort(new Error('waited until the other was heard'))
  await expect(unheard).rejects.toThrow('waited until the other was heard')
  faults.remove('cut')
  expect(await heard(b)).toHaveLength(1)
})

it('a boot node of another network is never met', async () => {
  const relay = await boot('another')
  const a = await node(relay, [])
  await eventually('it was tried', () => a.status().relays?.[0]?.state === 'discovered')
  expect(relay.status()).toMatchObject({ peers: 0, reservations: 0 })
})
