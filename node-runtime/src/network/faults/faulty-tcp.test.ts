// Faults on real connections, as the other side sees them.
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { signingKeyFromSeed } from '../../base/keys.ts'
import { silentLogger } from '../../base/log.ts'
import { systemRandom } from '../../base/random.ts'
import { placeOf } from '../address.ts'
import { eventually } from '../contract-waits.ts'
import { libp2pNetwork } from '../libp2p/libp2p.ts'
import type { Network } from '../network.ts'
import { LinkFaults } from './link-faults.ts'

const PROTOCOL = 'numbers/1'
const opened: Network[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((network) => network.close()))
})

interface Side {
  readonly network: Network
  readonly faults: LinkFaults
  /** First bytes of the frames that came, in order. */
  readonly received: number[]
}

async function side(bootAddresses: readonly string[]): Promise<Side> {
  const faults = new LinkFaults({ clock: systemClock, random: systemRandom })
  const network = await libp2pNetwork({
    identity: signingKeyFromSeed(systemRandom.bytes(32)),
    networkId: 'faults',
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootAddresses,
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    faults,
  })
  opened.push(network)
  const received: number[] = []
  network.handle(PROTOCOL, async (_peer, stream) => {
    for await (const frame of stream.frames) received.push(frame[0] ?? -1)
  })
  await network.start()
  return { network, faults, received }
}

/** The second dials the first, as nodes of a run do: without knowing who is there. */
async function pair(): Promise<[Side, Side]> {
  const first = await side([])
  const second = await side(first.network.addresses().map(placeOf))
  await eventually('a connection', () => first.network.peers().length * second.network.peers().length === 1)
  return [first, second]
}

describe('faults of connections', () => {
  it('concern a peer, whoever of the two has dialled', async () => {
    const [a, b] = await pair()
    expect(a.faults.links()).toMatchObject([{ peer: b.network.peerId }])
    expect(b.faults.links()).toMatchObject([{ peer: a.network.peerId }])
  })

  it('what is blocked one way arrives after the fault, whole and in order, and the other way goes on', async () => {
    const [a, b] = await pair()
    const toB = await a.network.open(b.network.peerId, PROTOCOL)
    const toA = await b.network.open(a.network.peerId, PROTOCOL)
    await toB.send(Uint8Array.of(0))
    await eventually('the first frame', () => b.received.length === 1)
    b.faults.put('f', { peers: [a.network.peerId], direction: 'in', blocked: true })
    for (const number of [1, 2, 3]) await toB.send(Uint8Array.of(number))
    await toA.send(Uint8Array.of(9))
    await eventually('the other way', () => a.received.length === 1)
    await eventually('something waits', () => (b.faults.links()[0]?.in.waitingBytes ?? 0) > 0)
    expect(b.received).toEqual([0])
    expect(b.faults.remove('f')).toBe(true)
    await eventually('the rest', () => b.received.length === 4)
    expect(b.received).toEqual([0, 1, 2, 3])
  })

  it('what is lost is sent again: it arrives, and the loss is counted', async () => {
    const [a, b] = await pair()
    a.faults.put('f', { direction: 'out', lossPercent: 30 })
    const stream = await a.network.open(b.network.peerId, PROTOCOL)
    for (let number = 0; number < 30; number += 1) await stream.send(Uint8Array.of(number))
    await eventually('some loss', () => (a.faults.links()[0]?.out.lost ?? 0) > 0)
    await eventually('all frames', () => b.received.length === 30)
  })

  it('no connection is made with whom one is parted from, and one comes back after that', async () => {
    const [a, b] = await pair()
    a.faults.put('f', { peers: [b.network.peerId], direction: 'both', blocked: true })
    await a.network.disconnect(b.network.peerId)
    await expect(a.network.dial(String(b.network.addresses()[0]))).rejects.toThrow()
    await expect(b.network.dial(String(a.network.addresses()[0])))
      .resolves.toBeDefined()
      .catch(() => undefined)
    await eventually('nobody', () => a.network.peers().length === 0)
    a.faults.remove('f')
    await eventually('a connection', () => a.network.peers().length === 1)
  })

  it('a reset ends the connection for both', async () => {
    const [a, b] = await pair()
    const ended = new Promise<void>((resolve) => b.network.on('peer:disconnect', () => resolve()))
    a.faults.put('f', { direction: 'out', resetPercent: 100 })
    await a.network.open(b.network.peerId, PROTOCOL).catch(() => undefined)
    await ended
    a.faults.remove('f')
    await eventually('a connection', () => a.network.peers().length * b.network.peers().length === 1)
  })
})
