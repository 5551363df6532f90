// An event that came as several deltas, one after the other, is handled and shown once: whichever of them counted first, and
// whichever counts in the end (I3).
import { expect, it } from 'vitest'
import type { DeltaId } from '../../base/ids.ts'
import { converge, type TestNode } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { type Delta, openDelta, sealDelta } from '../../wire/delta.ts'
import { ContextStore } from '../context-store.ts'
import { KeyRing } from '../namespaces/keys/key-ring.ts'

const { share } = testWorlds()
const ABSENT_MS = 30_000
const RETENTION = { checkpointMin: 8, recentMax: 16, absentMs: ABSENT_MS }
const MOST = ['ada', 'bob', 'cyd']

const say = ({ world, shared }: Scene, name: string) =>
  world.run(world.get(name).call(shared.contextId, 'say', { id: 'once' }))
const set = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value: name }))
const heard = ({ world, shared }: Scene, name: string) =>
  world.run(world.get(name).call(shared.contextId, 'heard_count'))
const peers = ({ world }: Scene, names: readonly string[]) => names.map((name) => world.get(name).peerId)
const shownBy = (node: TestNode) =>
  node.events.flatMap(({ events }) => events).filter(({ kind }) => kind === 'Said').length

async function written(scene: Scene, count: number, names: readonly string[] = MOST): Promise<void> {
  for (let i = 0; i < count; i += 1) await set(scene, names[i % names.length] ?? 'ada', `k${i % 5}`)
}

async function rowsOf({ world, shared }: Scene, name: string) {
  const found: { readonly delta: Delta; readonly status: string }[] = []
  for await (const row of new ContextStore(world.get(name).disk, shared.contextId).deltas()) found.push(row)
  return found
}

/** What `name` wrote last, of what it holds. */
async function lastOf(scene: Scene, name: string): Promise<Delta> {
  const { publicKey } = scene.world.get(name).node.identity
  const last = (await rowsOf(scene, name)).findLast(({ delta }) => delta.author === publicKey)
  if (!last) throw new Error(`${name} has written nothing`)
  return last.delta
}

const statusOf = async (scene: Scene, name: string, id: DeltaId) =>
  (await rowsOf(scene, name)).find(({ delta }) => delta.id === id)?.status

/** As `name` would write `like` again, for those that it names. */
async function writtenAgain({ world, shared }: Scene, name: string, like: Delta): Promise<Delta> {
  const { node, disk } = world.get(name)
  const key = (await KeyRing.open(disk)).find(shared.groupId, like.keyId)
  if (!key) throw new Error(`${name} has no key`)
  const { contextId, parents, governance, keyId } = like
  const hlc = BigInt(world.clock.nowMs()) * 1_000_000n
  const author = node.identity.publicKey
  return sealDelta({
    header: { contextId, author, parents, hlc, governance, keyId, rewrites: [like.id] },
    payload: openDelta(like, key),
    groupKey: key,
    signingKey: node.identity,
    random: world.random,
  })
}

it.each([
  ['its author', 'cyd', 2, ['voided', 'applied']],
  ['another', 'ada', 3, ['applied', 'voided']],
])(
  'what comes after something of %s that stands for it and was handled: heard by all, and once',
  async (_whose, by, times, counting) => {
    const scene = await share('mixed', MOST)
    const { world, shared } = scene
    world.network.partition(peers(scene, ['bob']))
    await say(scene, 'cyd')
    await converge(world, shared.contextId, ['ada', 'cyd'])
    const first = await lastOf(scene, 'cyd')
    const again = await writtenAgain(scene, by, first)
    const bob = await world.get('bob').context(shared.contextId)
    await world.run(bob.receive([again]))
    await world.pass(1000)
    expect([await statusOf(scene, 'bob', again.id), await heard(scene, 'bob')]).toEqual(['applied', 1])
    world.network.heal()
    await world.pass(15_000)
    await converge(world, shared.contextId, MOST)
    expect([await statusOf(scene, 'bob', first.id), await statusOf(scene, 'bob', again.id)]).toEqual(counting)
    // No removal has taken what something else stands for.
    expect([first, again].map(({ id }) => bob.waitingRows.isVoided(id))).toEqual([false, false])
    // Another's word does not take the place of the author's: bob hears both, and ada and bob hear cyd.
    expect(await heard(scene, 'ada')).toBe(times)
    expect(shownBy(world.get('bob'))).toBe(times - 1)
  },
)

/**
 * Most have pruned while dan was away, and he has written on what no checkpoint contains: that is lost, and he will write it again.
 * The next checkpoint is too short to say that it was, and ends before it: it would stand again then, were it not written again.
 */
async function lostForAWhile(names: readonly string[]): Promise<Scene> {
  const scene = await share('mixed', [...names, 'dan'], { retention: RETENTION })
  const { world } = scene
  world.network.partition(peers(scene, ['dan']))
  await set(scene, 'dan', 'early')
  await world.pass(2 * ABSENT_MS)
  await written(scene, 20, names)
  await world.pass(30_000)
  for (const name of names) expect([name, await prunedAt(scene, name)]).toEqual([name, 16])
  return scene
}

const prunedAt = async ({ world, shared }: Scene, name: string) =>
  (await world.get(name).context(shared.contextId)).checkpoint()?.checkpoint.count

it('what was lost and would stand again is not handled again, where what stands for it was', async () => {
  const scene = await lostForAWhile(MOST)
  const { world, shared } = scene
  await written(scene, 4)
  await world.pass(10)
  await say(scene, 'dan')
  const first = await lastOf(scene, 'dan')
  world.network.heal()
  await world.pass(3000)
  expect([await prunedAt(scene, 'ada'), await statusOf(scene, 'ada', first.id)]).toEqual([16, 'void'])
  expect(await heard(scene, 'ada')).toBe(3)
  await world.pass(15_000)
  await converge(world, shared.contextId, [...MOST, 'dan'])
  expect([await prunedAt(scene, 'ada'), await statusOf(scene, 'ada', first.id)]).toEqual([24, 'void'])
  expect(await heard(scene, 'ada')).toBe(3)
  expect([...MOST, 'dan'].map((name) => shownBy(world.get(name)))).toEqual([1, 1, 1, 1])
})

it('nor where it would stand again under a state that is taken from others', async () => {
  const names = [...MOST, 'eve']
  const scene = await lostForAWhile(names)
  const { world, shared } = scene
  world.network.partition(peers(scene, ['dan']), peers(scene, ['eve']))
  await set(scene, 'eve', 'own')
  await written(scene, 4)
  await world.pass(10)
  await say(scene, 'dan')
  const first = await lastOf(scene, 'dan')
  world.network.heal()
  world.network.partition(peers(scene, ['eve']))
  await world.pass(3000)
  expect([await prunedAt(scene, 'ada'), await statusOf(scene, 'ada', first.id)]).toEqual([16, 'void'])
  const eve = await world.get('eve').context(shared.contextId)
  await world.run(eve.receive((await rowsOf(scene, 'ada')).map(({ delta }) => delta)))
  await world.pass(1000)
  expect([await statusOf(scene, 'eve', first.id), await heard(scene, 'eve')]).toEqual(['void', 4])
  await world.pass(2 * ABSENT_MS)
  expect([await prunedAt(scene, 'ada'), await prunedAt(scene, 'eve')]).toEqual([24, 16])
  world.network.heal()
  const opened = () => world.get('eve').node.contexts.opened(shared.contextId)
  await world.until('eve to take what the others have', () => opened()?.checkpoint()?.checkpoint.count === 24)
  expect(await statusOf(scene, 'eve', first.id)).toBe('void')
  await world.pass(30_000)
  await converge(world, shared.contextId, [...names, 'dan'])
  expect(await heard(scene, 'ada')).toBe(4)
  expect([...names, 'dan'].map((name) => shownBy(world.get(name)))).toEqual([1, 1, 1, 1, 1])
})

it('an author that comes back late is not heard twice by who had it before, and has started again since', async () => {
  const names = [...MOST, 'dan', 'eve']
  const scene = await share('mixed', names, { retention: RETENTION })
  const { world, shared } = scene
  await written(scene, 3)
  await converge(world, shared.contextId, names)
  world.network.partition(peers(scene, ['dan', 'eve']))
  await say(scene, 'dan')
  await converge(world, shared.contextId, ['dan', 'eve'])
  await world.pass(5000)
  expect(await heard(scene, 'eve')).toBe(1)
  await world.pass(2 * ABSENT_MS)
  await written(scene, 28)
  await world.pass(30_000)
  world.network.heal()
  world.network.partition(peers(scene, ['dan']))
  await world.pass(20_000)
  await converge(world, shared.contextId, [...MOST, 'eve'])
  expect(shownBy(world.get('eve'))).toBe(1)
  await written(scene, 40, [...MOST, 'eve'])
  await world.pass(30_000)
  await world.run(world.get('eve').stop())
  await world.start('eve')
  world.network.heal()
  await world.pass(40_000)
  await converge(world, shared.contextId, names)
  expect(await heard(scene, 'ada')).toBe(4)
  expect(names.map((name) => shownBy(world.get(name)))).toEqual([1, 1, 1, 1, 0])
})
