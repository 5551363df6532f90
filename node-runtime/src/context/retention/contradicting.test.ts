// Two certified checkpoints of which one lacks what the other contains: the greater counts for all, and nothing is lost.
import { expect, it } from 'vitest'
import { fromUtf8 } from '../../base/bytes.ts'
import { converge } from '../../testing/test-nodes.ts'
import { countRows, NAMES, type Scene, testWorlds } from '../../testing/test-worlds.ts'

const { share } = testWorlds()
const ABSENT_MS = 120_000
const retention = { checkpointMin: 8, recentMax: 16, absentMs: ABSENT_MS }

const set = ({ world, shared }: Scene, name: string, key: string, value: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value }))
const get = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'get', { key }))
const contextOf = ({ world, shared }: Scene, name: string) => world.get(name).context(shared.contextId)

/** Bob has pruned what ada vouched for, and ada what it has taken from cyd since: what cyd wrote is in the lesser one only. */
async function twoCertified(app: string): Promise<Scene> {
  const scene = await share(app, NAMES, { retention })
  const { world, shared } = scene
  const { network } = world
  await set(scene, 'cyd', 'old', 'cyd')
  await converge(world, shared.contextId, NAMES)
  network.partition([world.get('cyd').peerId])
  for (const key of ['late', 'later']) await set(scene, 'cyd', key, 'cyd')
  await world.pass(2 * ABSENT_MS)
  for (let i = 0; i < 10; i += 1) await set(scene, i % 2 === 0 ? 'ada' : 'bob', `k${i}`, `${i}`)
  const [ada, bob, cyd] = await Promise.all(NAMES.map((name) => contextOf(scene, name)))
  await world.until('a vouch', () => [ada, bob].some((context) => context?.beat()?.vouch !== undefined))
  network.block(world.get('bob').peerId, world.get('ada').peerId)
  await world.until('bob to prune', () => bob?.checkpoint() !== undefined)
  expect(ada?.checkpoint()).toBeUndefined()
  network.heal()
  network.partition([world.get('bob').peerId])
  await world.until('the others to prune', () => [ada, cyd].every((context) => context?.checkpoint() !== undefined))
  const [greater, lesser] = [bob, ada].map((context) => context?.checkpoint()?.checkpoint)
  expect(greater && lesser && greater.last > lesser.last).toBe(true)
  expect(lesser?.authors).not.toEqual(greater?.authors)
  return scene
}

it.each(['kv-store', 'order-sensitive'])(
  '%s: what only the lesser one contains is written again by its author, and shown once',
  async (app) => {
    const scene = await twoCertified(app)
    const { world, shared } = scene
    world.network.heal()
    await world.pass(60_000)
    await converge(world, shared.contextId, NAMES)
    for (const name of NAMES) {
      for (const key of ['old', 'late', 'later'])
        expect([name, key, await get(scene, name, key)]).toEqual([name, key, 'cyd'])
      expect(await countRows(world.get(name).disk, 'reissue')).toBe(0)
      // Ada had it before, bob has it as it was written again.
      const shown = world.get(name).events.flatMap(({ events }) => events.map(({ data }) => fromUtf8(data)))
      if (name !== 'cyd' && app === 'kv-store') expect(shown.filter((text) => text.includes('late'))).toHaveLength(2)
      expect(world.get(name).log.entries).toEqual([])
    }
  },
)
