import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../../../base/clock.ts'
import { signingKeyFromSeed } from '../../../../base/keys.ts'
import { type Logger, silentLogger } from '../../../../base/log.ts'
import { systemRandom } from '../../../../base/random.ts'
import { placeOf } from '../../../address.ts'
import { eventually } from '../../../contract-waits.ts'
import { NEGOTIATE_TIMEOUT_MS, UPGRADE_PAUSES_MS } from '../../../limits.ts'
import type { Network } from '../../../network.ts'
import { libp2pNetwork } from '../../libp2p.ts'
import { loadDiscovery } from '../../libp2p-discovery.ts'
import { createNode, type LibraryNode, prefixOf } from '../../libp2p-node.ts'
import { type BootNode, openBootNode } from '../boot-node.ts'
import { CircuitStatus, decodeHop, encodeHop, HOP_PROTOCOL, STOP_PROTOCOL } from '../circuit-messages.ts'
import { circuitStream } from '../circuit-stream.ts'
import { acceptRelayed, RelayTransport, STOP_STREAMS } from '../relay-transport.ts'
import { DirectUpgrades } from './direct-upgrades.ts'
import { encodeUpgrade, UPGRADE_PROTOCOL } from './upgrade-messages.ts'

/** The relay sees nodes come from 127.0.0.1: that one can connect to them here, it cannot know. */
const REACHABLE = ['/ip4/127.0.0.2/tcp/0']
const opened: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each.close()
})

const parts = { clock: systemClock, random: systemRandom, log: silentLogger, networkId: 'direct' }

async function boot(): Promise<BootNode> {
  const identity = signingKeyFromSeed(systemRandom.bytes(32))
  const node = await openBootNode({ ...parts, identity, listen: ['/ip4/127.0.0.1/tcp/0'] })
  opened.push(node)
  return node
}

/** `listen` empty: nobody can connect to it, as behind a NAT. */
async function networkAt(relay: BootNode, listen: readonly string[]): Promise<Network> {
  const identity = signingKeyFromSeed(systemRandom.bytes(32))
  const made = await libp2pNetwork({ ...parts, identity, listen, bootAddresses: [], relayAddresses: relay.addresses() })
  made.handle('echo/1', async (_, stream) => {
    for await (const frame of stream.frames) await stream.send(frame)
  })
  opened.push(made)
  return made
}

const addressOf = (network: Network, peer: Network) =>
  network.status().peers.find((each) => each.peer === peer.peerId)?.address ?? ''
const isDirect = (address: string) => address !== '' && !address.includes('/p2p-circuit')

const ROUNDS = 50

/** One stream, from before the direct connection to after it. */
async function talkOver(from: Network, to: Network): Promise<number> {
  const stream = await from.open(to.peerId, 'echo/1')
  const answers = stream.frames[Symbol.asyncIterator]()
  let rounds = 0
  for (; rounds < ROUNDS; rounds++) {
    await stream.send(Uint8Array.of(rounds))
    const { value } = await answers.next()
    if (value?.[0] !== rounds) break
    if (rounds !== ROUNDS / 2) continue
    await eventually('direct connections', () => isDirect(addressOf(from, to)) && isDirect(addressOf(to, from)))
  }
  await stream.closeWrite()
  return rounds
}

it.each([
  ['the first', REACHABLE, []],
  ['the second', [], REACHABLE],
])('where %s of two can be reached they are soon connected directly, and nothing is lost', async (_, first, second) => {
  const relay = await boot()
  const [a, b] = [await networkAt(relay, first), await networkAt(relay, second)]
  const heard: number[] = []
  const ended: string[] = []
  let said = 0
  const say = () => a.publish('news', Uint8Array.of(said++))
  a.subscribe('news', () => {})
  b.subscribe('news', (_from, data) => heard.push(data[0] ?? -1))
  for (const network of [a, b]) network.on('peer:disconnect', (peer) => ended.push(peer))
  // Both begun as soon as it is possible, over the relay, and going on over all that follows.
  const talking = Promise.withResolvers<number>()
  a.on('peer:connect', () => void talkOver(a, b).then(talking.resolve, talking.reject))
  const subscribed = Promise.withResolvers<void>()
  a.on('subscribed', () => subscribed.resolve())
  await a.start()
  await b.start()
  await subscribed.promise
  await eventually('nothing goes through the relay any more', () => {
    if (said < 200) void say()
    return isDirect(addressOf(a, b)) && isDirect(addressOf(b, a)) && relay.status().circuits === 0
  })
  expect(await talking.promise).toBe(ROUNDS)
  await say()
  await eventually('all was heard', () => heard.length === said)
  expect(heard.toSorted((x, y) => x - y)).toEqual(Array.from({ length: said }, (_each, index) => index))
  expect(ended).toEqual([])
  for (const [network, peer] of [
    [a, b],
    [b, a],
  ] as const) {
    expect(network.status().directUpgrades).toContainEqual(
      expect.objectContaining({ peer: peer.peerId, outcome: 'direct' }),
    )
  }
})

interface Bare {
  readonly node: LibraryNode
  readonly upgrades: DirectUpgrades
}

/** Without what looks for connections: who connects to whom is what the test says. */
async function bareAt(relay: BootNode, listen: readonly string[], own: Partial<typeof parts> = {}): Promise<Bare> {
  const { clock, log, networkId } = { ...parts, ...own }
  const transport = new RelayTransport(undefined)
  const node = await createNode({
    clock: systemClock,
    identity: signingKeyFromSeed(systemRandom.bytes(32)),
    networkId,
    prefix: prefixOf(networkId),
    listen,
    discovery: await loadDiscovery({ dht: false, mdns: false }),
    faults: undefined,
    relay: transport.create,
  })
  const upgrades = new DirectUpgrades({
    node,
    clock,
    log,
    own: () => node.getMultiaddrs().map(String),
    isBoot: (peer) => peer === relay.peerId,
    moveGossip: async () => {},
  })
  opened.push({
    close: async () => {
      upgrades.close()
      await node.stop()
    },
  })
  await node.handle(STOP_PROTOCOL, acceptRelayed(transport, log), STOP_STREAMS)
  await upgrades.start()
  await node.start()
  const connection = await node.dial(multiaddr(relay.addresses()[0] ?? ''))
  const signal = AbortSignal.timeout(NEGOTIATE_TIMEOUT_MS)
  const circuit = circuitStream(await connection.newStream(HOP_PROTOCOL, { signal }))
  await circuit.write(encodeHop({ t: 'reserve' }), signal)
  expect(decodeHop(await circuit.read(signal))).toMatchObject({ status: CircuitStatus.ok })
  return { node, upgrades }
}

const connect = (relay: BootNode, from: Bare, to: Bare) =>
  from.node.dial(multiaddr(`${relay.addresses()[0]}/p2p-circuit/p2p/${to.node.peerId}`))

it('who was connected to comes to who can be reached, without asking', async () => {
  const relay = await boot()
  const [a, b] = [await bareAt(relay, REACHABLE), await bareAt(relay, [])]
  await connect(relay, a, b)
  const outcomes = () => [...a.upgrades.status(), ...b.upgrades.status()].map(({ outcome }) => outcome).join()
  await eventually('both know', () => outcomes() === 'direct,direct')
  expect(a.upgrades.status()).toMatchObject([{ role: 'asked', attempts: 0 }])
  const [address = ''] = a.node.getMultiaddrs().map((each) => placeOf(each.toString()))
  expect(b.upgrades.status()).toMatchObject([{ role: 'asking', attempts: 1, addresses: [address] }])
})

it('who can be reached asks the one that connected to it to come', async () => {
  const relay = await boot()
  const [a, b] = [await bareAt(relay, []), await bareAt(relay, REACHABLE)]
  await connect(relay, a, b)
  const outcomes = () => [...a.upgrades.status(), ...b.upgrades.status()].map(({ outcome }) => outcome).join()
  await eventually('both know', () => outcomes() === 'direct,direct')
  const [address = ''] = b.node.getMultiaddrs().map((each) => placeOf(each.toString()))
  expect(a.upgrades.status()).toMatchObject([{ role: 'asked', attempts: 1, addresses: [address] }])
  expect(b.upgrades.status()).toMatchObject([{ role: 'asking', attempts: 1, addresses: [] }])
})

it('where no end can be reached the relay goes on, after a few attempts with growing pauses', async () => {
  const relay = await boot()
  const pauses: number[] = []
  const logged: string[] = []
  // Its pauses are over at once.
  const clock: Clock = {
    ...systemClock,
    setTimer(fn, delayMs) {
      const isPause = UPGRADE_PAUSES_MS.some((each) => each > 0 && each === delayMs)
      if (isPause) pauses.push(delayMs)
      return systemClock.setTimer(fn, isPause ? 0 : delayMs)
    },
  }
  const log: Logger = { ...silentLogger, info: (_fields, message) => void logged.push(message) }
  const [a, b] = [await bareAt(relay, []), await bareAt(relay, [], { clock, log })]
  const relayed = await connect(relay, a, b)
  await eventually('it is given up', () => b.upgrades.status()[0]?.outcome === 'failed')
  const error = 'neither end says where it could be reached'
  const attempts = UPGRADE_PAUSES_MS.length
  expect(b.upgrades.status()).toMatchObject([{ role: 'asking', attempts, addresses: [], error }])
  await eventually('the other end has done its part', () => a.upgrades.status()[0]?.outcome === 'failed')
  expect(a.upgrades.status()).toMatchObject([{ role: 'asked', attempts }])
  expect(pauses).toEqual(UPGRADE_PAUSES_MS.slice(1))
  expect(logged.filter((message) => message.includes('no direct connection'))).toHaveLength(1)
  // Asked for more, it tries no more: the stream is ended instead of answered.
  const stream = await b.node.getConnections(a.node.peerId)[0]?.newStream(UPGRADE_PROTOCOL)
  if (stream === undefined) throw new Error('they are not connected')
  const circuit = circuitStream(stream)
  const signal = AbortSignal.timeout(NEGOTIATE_TIMEOUT_MS)
  await expect(
    circuit.write(encodeUpgrade({ t: 'connect', addresses: [] }), signal).then(() => circuit.read(signal)),
  ).rejects.toThrow()
  expect(signal.aborted).toBe(false)
  expect(a.upgrades.status()).toMatchObject([{ attempts }])
  expect(relayed.status).toBe('open')
})
