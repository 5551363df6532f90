// What of synchronisation is left after moments in which the store of a node could not be read: whole nodes on the
// simulated network.
import { afterEach, beforeEach, expect, it } from 'vitest'
import { appWasm } from '../../../scripts/build-apps.ts'
import { sha256 } from '../base/hash.ts'
import { idFromBytes, type KeyId, type OpId } from '../base/ids.ts'
import { signingKeyFromSeed } from '../base/keys.ts'
import { peerIdOfPublicKey } from '../network/peer-id.ts'
import { faultyStore } from '../store/faulty-store.ts'
import { shareContext, type TestWorld } from '../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../testing/test-worlds.ts'
import { encodeDelta, sealDelta } from '../wire/delta.ts'
import { encodeGossip } from '../wire/gossip.ts'
import { topicName } from './topics.ts'

const { open } = testWorlds()
const NAMES = ['ada', 'bob']
const MOMENTS = 5

const unhandled: unknown[] = []
const onUnhandled = (error: unknown) => unhandled.push(error)
let others: NodeJS.UnhandledRejectionListener[] = []

beforeEach(() => {
  others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', onUnhandled)
})

afterEach(() => {
  process.off('unhandledRejection', onUnhandled)
  for (const other of others) process.on('unhandledRejection', other)
  unhandled.length = 0
})

it('a node whose store cannot be read for moments lives on, and pulls as before', async () => {
  const world = await open({ faults: { minDelayMs: 20, maxDelayMs: 200, loss: 0.1 } })
  let isShut = false
  const read = () => (isShut ? new Error('the database is not open') : undefined)
  const place = world.place('bob')
  Object.assign(place, { disk: faultyStore(place.disk, 'bob', { read }) })
  const scene = { world, shared: await shareContext(world, await appWasm('kv-store'), NAMES) }
  const { contextId } = scene.shared
  await parkOne(scene, 'bob')
  // What is parked is read from the store from now on.
  world.get('bob').kill()
  await world.start('bob')
  const root = (name: string) => world.get(name).node.contexts.opened(contextId)?.root
  const areEqual = () => root('ada') !== undefined && root('ada') === root('bob')

  let count = 0
  let isOver = false
  const write = () => {
    if (isOver) return
    count += 1
    const call = world.get('ada').call(contextId, 'set', { key: `k${count}`, value: 'v' })
    call.catch(onUnhandled)
    world.clock.setTimer(write, 100)
  }
  write()
  for (let moment = 0; moment < MOMENTS; moment += 1) {
    await world.pass(700 + ((37 * moment) % 300))
    isShut = true
    await world.pass(150)
    isShut = false
  }
  isOver = true
  await world.until('both to hold the same', areEqual)
  expect(unhandled).toEqual([])
  const { attempts } = world.get('bob').node.sync.counts
  await world.pass(60_000)
  // Five rounds at least of the log and of the context each.
  expect(world.get('bob').node.sync.counts.attempts - attempts).toBeGreaterThanOrEqual(2 * 4)
})

/** A stranger's delta, whose cut of the log nobody knows, is parked at a node. */
async function parkOne({ world, shared: { contextId } }: Scene, name: string): Promise<void> {
  const stranger = signingKeyFromSeed(sha256(Buffer.from('stranger')))
  const groupKey = world.random.bytes(32)
  const header = {
    contextId,
    author: stranger.publicKey,
    parents: [],
    hlc: BigInt(Math.trunc(world.clock.nowMs())) * 1_000_000n,
    governance: [idFromBytes<OpId>(world.random.bytes(32))],
    keyId: idFromBytes<KeyId>(sha256(groupKey)),
  }
  const payload = { artifact: { kind: 'guest' as const, bytes: new Uint8Array(1) }, events: [], depth: 0 }
  const delta = sealDelta({ header, payload, groupKey, signingKey: stranger, random: world.random })
  const topic = topicName({ kind: 'context', id: contextId })
  const network = await connected(world, peerIdOfPublicKey(stranger.publicKey), name)
  network.subscribe(topic, () => {})
  const context = await world.get(name).context(contextId)
  const items = [encodeDelta(delta)]
  while (context.waiting().parked === 0) {
    world.network.whisper(network.peerId, world.get(name).peerId, topic, encodeGossip({ t: 'deltas', items }))
    await world.pass(200)
  }
  await world.run(network.close())
}

async function connected(world: TestWorld, peerId: string, name: string) {
  const bootAddresses = [world.place(name).address]
  const network = world.network.createNode({ peerId, bootAddresses })
  await world.run(network.start())
  await world.until('the stranger to be connected', () => network.peers().length > 0)
  return network
}
