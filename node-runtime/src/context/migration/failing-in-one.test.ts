// A migration that fails at the time of one delta and not at that of the next: how many came at once makes no difference.
import { expect, it } from 'vitest'
import { migrate } from '../../testing/migrating.ts'
import { converge } from '../../testing/test-nodes.ts'
import { NAMES, testWorlds } from '../../testing/test-worlds.ts'

const { share } = testWorlds()

it('is tried at each delta of the new version, by who gets all of them at once, too', async () => {
  const scene = await share('order-sensitive')
  const { world, shared } = scene
  const call = (name: string, method: string, args: object) =>
    world.run(world.get(name).call(shared.contextId, method, args))
  const append = (name: string, value: string) => call(name, 'append', { value })
  const versionOf = async (name: string) => (await world.get(name).context(shared.contextId)).migration.mark.version
  await append('bob', 'first')
  await converge(world, shared.contextId, NAMES)
  const [ada, bob, cyd] = NAMES.map((name) => world.get(name).peerId)
  if (!ada || !bob || !cyd) throw new Error('nobody')
  world.network.partition([ada], [bob], [cyd])
  await migrate(scene, 'ada')
  await append('ada', 'too early')
  const untilMs = world.clock.nowMs() + 60_000
  await call('cyd', 'set', { key: 'migration', value: `until ${BigInt(untilMs) * 1_000_000n}` })
  world.network.heal()
  world.network.partition([ada, cyd], [bob])
  await converge(world, shared.contextId, ['ada', 'cyd'])
  expect(await versionOf('ada')).toBe(1)
  await append('ada', 'by the earlier code')
  await world.pass(61_000)
  await append('ada', 'in time')
  expect(await versionOf('ada')).toBe(2)
  await converge(world, shared.contextId, ['ada', 'cyd'])
  world.network.heal()
  await converge(world, shared.contextId, NAMES)
  for (const name of NAMES) {
    expect(await call(name, 'log', {})).toEqual(['first', 'by the earlier code', 'in time'])
    expect(await versionOf(name)).toBe(2)
  }
})
