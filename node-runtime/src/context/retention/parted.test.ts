// Two parts of a group were cut off from each other: most have pruned on one side, and the other has grown to more than those are.
import { expect, it } from 'vitest'
import { fromUtf8 } from '../../base/bytes.ts'
import { converge, joinContext } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { removeMember } from '../namespaces/membership.ts'

const { share } = testWorlds()
const ABSENT_MS = 120_000
const retention = { checkpointMin: 8, recentMax: 8, absentMs: ABSENT_MS }
const MEMBERS = ['dan', 'eve', 'ann', 'bob', 'cat']
const MOST = ['ann', 'bob', 'cat']
const GROWN = ['dan', 'eve', 'fay']

const set = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value: `${name} ${key}` }))
const get = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'get', { key }))

/** Most have pruned what the others never had. These have let fay in and cat out, which the first did not know of. */
async function parted(): Promise<Scene> {
  const scene = await share('kv-store', MEMBERS, { retention })
  const { world, shared } = scene
  await set(scene, 'ann', 'before')
  await converge(world, shared.contextId, MEMBERS)
  await world.start('fay', { boot: [...MEMBERS, 'fay'] })
  world.network.partition(MOST.map((name) => world.get(name).peerId))
  await joinContext(world, shared, 'dan', 'fay')
  await world.run(removeMember(world.get('dan').node, shared.namespaceId, world.get('cat').node.account))
  await set(scene, 'dan', 'grown')
  await converge(world, shared.contextId, GROWN)
  await world.pass(2 * ABSENT_MS)
  for (let i = 0; i < 12; i += 1) await set(scene, MOST[i % 2] ?? 'ann', `k${i}`)
  const [ann] = await Promise.all(MOST.map((name) => world.get(name).context(shared.contextId)))
  await world.until('most to prune', () => ann?.checkpoint() !== undefined)
  return scene
}

/** Nothing of what the smaller side has written is lost, or shown twice. */
async function expectAll(scene: Scene): Promise<void> {
  const { world, shared } = scene
  const left = ['dan', 'eve', 'fay', 'ann', 'bob']
  await converge(world, shared.contextId, left)
  for (const name of left) {
    for (let i = 0; i < 12; i += 1)
      expect([name, i, await get(scene, name, `k${i}`)]).toEqual([name, i, `${MOST[i % 2]} k${i}`])
    expect(await get(scene, name, 'grown')).toBe('dan grown')
    const shown = world.get(name).events.flatMap(({ events }) => events.map(({ data }) => fromUtf8(data)))
    const texts = shown.filter((text) => /"k\d+"/.test(text))
    expect(texts.length).toBeGreaterThan(0)
    expect(new Set(texts).size).toBe(texts.length)
    // That a key has not come yet may be told.
    expect(world.get(name).log.entries.filter(({ level }) => level === 'error')).toEqual([])
  }
}

it('the greater side goes on by itself once it writes, and the other follows it with all that it has written', async () => {
  const scene = await parted()
  const { world } = scene
  world.network.heal()
  await world.pass(60_000)
  // What is newest is never known to be the last at its place.
  for (const name of ['eve', 'dan']) {
    await set(scene, name, 'after')
    await world.pass(60_000)
  }
  await expectAll(scene)
})

it('nothing is shown twice where the greater side names nothing so old any more as what the other has pruned', async () => {
  const scene = await parted()
  const { world, shared } = scene
  const [dan] = await Promise.all(GROWN.map((name) => world.get(name).context(shared.contextId)))
  for (let i = 0; i < 24; i += 1) {
    await set(scene, GROWN[i % 3] ?? 'dan', `after ${i}`)
    await world.pass(1000)
  }
  await world.until('the greater side to prune', () => (dan?.checkpoint()?.checkpoint.count ?? 0) > 16)
  world.network.heal()
  await world.pass(120_000)
  await expectAll(scene)
})
