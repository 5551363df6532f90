import { describe, expect, it } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { signingKeyFromSeed } from '../../base/keys.ts'
import { systemRandom } from '../../base/random.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { slowLink } from '../../testing/slow-link.ts'
import type { Network } from '../network.ts'
import { networkContract } from '../network-contract.ts'
import { peerIdOfPublicKey } from '../peer-id.ts'
import { SimulatedNetwork } from './simulated.ts'

const peerId = (index: number) => peerIdOfPublicKey(signingKeyFromSeed(new Uint8Array(32).fill(index + 1)).publicKey)

networkContract('simulated', async () => {
  const world = new SimulatedNetwork({ clock: systemClock, random: systemRandom })
  const address = (index: number) => `/memory/${index + 1}`
  let made = 0
  return {
    address,
    create: async ({ index, boot, networkId }) =>
      world.createNode({
        // A node that comes back is a new one here, as after a loss of its data directory.
        peerId: peerId(index + 10 * made++),
        address: address(index),
        bootAddresses: boot.map(address),
        ...(networkId === undefined ? {} : { networkId }),
      }),
    close: async () => {},
  }
})

/** Lets `ms` of virtual time pass. */
async function pass(clock: DrivenClock, ms: number): Promise<void> {
  let isOver = false
  clock.setTimer(() => {
    isOver = true
  }, ms)
  while (!isOver) {
    await clock.rest()
    clock.step()
  }
  await clock.rest()
}

async function world(seed: number, size: number, faults = {}) {
  const clock = new DrivenClock()
  const net = new SimulatedNetwork({ clock, random: seededRandom(seed), faults })
  const boot = Array.from({ length: size }, (_, index) => `/memory/${index + 1}`)
  const trace: string[] = []
  const nodes: Network[] = boot.map((_, index) => net.createNode({ peerId: peerId(index), bootAddresses: boot }))
  for (const [index, node] of nodes.entries()) {
    node.subscribe('t', (from, data) =>
      trace.push(`${clock.nowMs()} ${index} <- ${nodes.findIndex((n) => n.peerId === from)} ${Buffer.from(data)}`),
    )
    await node.start()
  }
  await pass(clock, 3000)
  return { clock, net, nodes, trace }
}

describe('simulated faults', () => {
  it('gives the same trace for the same seed, another for another', async () => {
    const run = async (seed: number) => {
      const { clock, nodes, trace } = await world(seed, 6, { minDelayMs: 1, maxDelayMs: 50, loss: 0.1, duplicate: 0.1 })
      for (const [index, node] of nodes.entries()) await node.publish('t', utf8(`m${index}`))
      await pass(clock, 3000)
      return trace
    }
    const first = await run(1)
    expect(first.length).toBeGreaterThan(20)
    expect(await run(1)).toEqual(first)
    expect(await run(2)).not.toEqual(first)
  })

  it('lets messages overtake each other when delays differ, but keeps streams in order', async () => {
    const { clock, nodes, trace } = await world(7, 2, { minDelayMs: 1, maxDelayMs: 100, loss: 0.2 })
    const [a, b] = nodes
    const frames: string[] = []
    b?.handle('p/1', async (_, stream) => {
      for await (const frame of stream.frames) frames.push(Buffer.from(frame).toString())
    })
    const opening = a?.open(b?.peerId ?? '', 'p/1')
    await pass(clock, 2000)
    const stream = await opening
    const names = Array.from({ length: 20 }, (_, index) => `${index}`)
    for (const name of names) {
      await a?.publish('t', utf8(name))
      await stream?.send(utf8(name))
    }
    await pass(clock, 20_000)
    const gossiped = trace.map((line) => line.split(' ').at(-1))
    expect(gossiped).not.toEqual(gossiped.toSorted((x, y) => Number(x) - Number(y)))
    expect(gossiped.length).toBeLessThan(20)
    expect(frames).toEqual(names)
  })

  it('breaks connections across a partition and joins them again after it', async () => {
    const { clock, net, nodes } = await world(3, 6)
    const ids = nodes.map((node) => node.peerId)
    net.partition(ids.slice(0, 3), ids.slice(3))
    for (const [index, node] of nodes.entries()) {
      for (const peer of node.peers()) expect(ids.indexOf(peer) < 3).toBe(index < 3)
    }
    await pass(clock, 6000)
    net.heal()
    await pass(clock, 20_000)
    const crossing = nodes.slice(0, 3).flatMap((node) => node.peers().filter((peer) => ids.indexOf(peer) >= 3))
    expect(crossing.length).toBeGreaterThan(0)
  })

  it('takes a crashed node from all its peers and lets it come back', async () => {
    const { clock, net, nodes } = await world(4, 4)
    const id = peerId(2)
    net.crash(id)
    expect(nodes.some((node) => node.peers().includes(id))).toBe(false)
    const back = net.createNode({ peerId: id, address: '/memory/3', bootAddresses: ['/memory/1'] })
    await back.start()
    await pass(clock, 10_000)
    expect(back.peers()).toContain(peerId(0))
  })

  it('obeys a judge instead of the chances', async () => {
    const clock = new DrivenClock()
    const net = new SimulatedNetwork({
      clock,
      random: seededRandom(1),
      judge: ({ kind }) => ({ delayMs: 1, lost: kind === 'gossip', copies: 1 }),
    })
    const a = net.createNode({ peerId: peerId(0), bootAddresses: ['/memory/2'] })
    const b = net.createNode({ peerId: peerId(1) })
    const got: string[] = []
    b.subscribe('t', () => got.push('x'))
    await b.start()
    await a.start()
    await pass(clock, 1000)
    await a.publish('t', utf8('x'))
    await pass(clock, 2000)
    expect([a.subscribers('t'), got]).toEqual([[b.peerId], []])
    expect(net.stats.lost).toBe(1)
  })
})

describe('faults between two nodes', () => {
  const peer = (index: number) => peerId(index)

  it('a blocked way holds what is ordered and loses gossip, in one direction only', async () => {
    const { clock, net, nodes, trace } = await world(1, 2)
    net.block(peer(0), peer(1))
    await nodes[0]?.publish('t', utf8('lost'))
    await nodes[1]?.publish('t', utf8('heard'))
    const heard: string[] = []
    nodes[1]?.handle('echo', async (_, stream) => {
      for await (const frame of stream.frames) heard.push(Buffer.from(frame).toString())
    })
    const opening = nodes[0]?.open(peer(1), 'echo').then(async (stream) => {
      for (const word of ['a', 'b', 'c']) await stream.send(utf8(word))
      await stream.closeWrite()
    })
    await pass(clock, 5_000)
    expect([trace.map((line) => line.split(' ').at(-1)), heard]).toEqual([['heard'], []])
    net.unblock(peer(0), peer(1))
    await pass(clock, 1_000)
    await opening
    expect(heard).toEqual(['a', 'b', 'c'])
  })

  it('a way blocked for longer than a probe waits ends the connection, and it comes back after', async () => {
    const { clock, net, nodes } = await world(2, 2)
    net.block(peer(0), peer(1))
    await pass(clock, 25_000)
    expect(nodes.map((node) => node.peers().length)).toEqual([0, 0])
    net.unblock(peer(0), peer(1))
    await pass(clock, 10_000)
    expect(nodes.map((node) => node.peers().length)).toEqual([1, 1])
  })

  it('a cut breaks one connection until it is mended', async () => {
    const { clock, net, nodes } = await world(3, 3)
    net.cut(peer(0), peer(1))
    await pass(clock, 3_000)
    expect(nodes.map((node) => node.peers().length)).toEqual([1, 1, 2])
    net.mend(peer(0), peer(1))
    await pass(clock, 20_000)
    expect(nodes.map((node) => node.peers().length)).toEqual([2, 2, 2])
  })
})

it('answers with large frames over a slow link, and takes none on a stream that a peer opened', async () => {
  const clock = new DrivenClock()
  const net = new SimulatedNetwork({ clock, random: seededRandom(1), judge: slowLink(8 * 1024) })
  const boot = ['/memory/1', '/memory/2']
  const [asks, serves] = boot.map((_, index) => net.createNode({ peerId: peerId(index), bootAddresses: boot }))
  if (!asks || !serves) throw new Error('one of them is not there')
  const large = new Uint8Array(512 * 1024)
  const failures: unknown[] = []
  serves.handle('large/1', async (_, stream) => {
    try {
      for await (const _frame of stream.frames) await stream.send(large)
    } catch (error) {
      failures.push((error as { code?: unknown }).code)
      throw error
    }
  })
  await Promise.all([asks.start(), serves.start()])
  await pass(clock, 3000)
  const answer = async (request: Uint8Array) => {
    const stream = await asks.open(serves.peerId, 'large/1')
    await stream.send(request)
    const next = await stream.frames[Symbol.asyncIterator]().next()
    stream.abort(new Error('enough'))
    return next.value?.byteLength
  }
  const answers = Promise.allSettled([answer(new Uint8Array(1))])
  await pass(clock, 120_000)
  expect(await answers).toEqual([{ status: 'fulfilled', value: large.byteLength }])
  failures.length = 0
  const refused = Promise.allSettled([answer(large)])
  await pass(clock, 120_000)
  expect((await refused).map(({ status }) => status)).toEqual(['rejected'])
  expect(failures).toEqual(['STREAM_IDLE'])
})
