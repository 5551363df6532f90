// What nobody has built on for long is a head of the checkpoint that it names no more: it can be built on all the same.
import { expect, it } from 'vitest'
import { converge } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'

const DAY_MS = 24 * 3600_000
const NAMES = ['ada', 'bob', 'cyd']

const { share } = testWorlds()

const set = ({ world, shared }: Scene, name: string, key: string, value: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value }))

it.each([
  ['early', 0],
  ['late', 36],
])(
  'who was cut off and wrote %s in that time comes back, and all agree on what is written after that',
  async (_when, at) => {
    // As many are named as in a real node: twice what a checkpoint takes.
    const retention = { checkpointMin: 8, recentMax: 16, absentMs: 7 * DAY_MS }
    const scene = await share('kv-store', NAMES, { retention })
    const { world, shared } = scene
    await set(scene, 'ada', 'first', '0')
    await converge(world, shared.contextId, NAMES)
    world.network.partition([world.get('cyd').peerId])
    await world.pass(1000)
    for (let count = 0; count < 40; count += 1) {
      if (count === at) await set(scene, 'cyd', 'away', 'cyd')
      await set(scene, count % 2 === 0 ? 'bob' : 'ada', `k${count % 5}`, `${count}`)
    }
    world.network.heal()
    await world.pass(20_000)
    for (const name of NAMES) await set(scene, name, `after ${name}`, name)
    await converge(world, shared.contextId, NAMES)
    const contexts = await Promise.all(NAMES.map((name) => world.get(name).context(shared.contextId)))
    expect(new Set(contexts.map(({ root }) => root)).size).toBe(1)
    expect(contexts[0]?.checkpoint()?.checkpoint.count).toBeGreaterThan(16)
    for (const reader of NAMES) {
      const read = (key: string) => world.run(world.get(reader).call(shared.contextId, 'get', { key }))
      const seen = await Promise.all(
        ['away', ...NAMES.map((name) => `after ${name}`)].map(async (key) => JSON.stringify(await read(key))),
      )
      expect(seen.map((text) => NAMES.find((name) => text.includes(name)))).toEqual(['cyd', ...NAMES])
    }
  },
)
