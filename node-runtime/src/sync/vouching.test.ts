// A member whose state is wrong, by a defect or on purpose, does not hand it to newcomers while others know better.
import { expect, it } from 'vitest'
import { appWasm } from '../../../scripts/build-apps.ts'
import { removeMember } from '../context/namespaces/membership.ts'
import type { GuestExecutor } from '../runtime/guest-executor.ts'
import { joinContext, shareContext } from '../testing/test-nodes.ts'
import { testWorlds } from '../testing/test-worlds.ts'

const { open } = testWorlds()
const retention = { checkpointMin: 8, absentMs: 120_000 }
const NAMES = ['ada', 'bob', 'cyd']

/** Applies other values than its guest has written. */
const wrong = (executor: GuestExecutor): GuestExecutor => ({
  ...executor,
  run: async (module, source, jobs, options) => {
    const outcomes = await executor.run(module, source, jobs, options)
    return outcomes.map((outcome, index) => {
      if (jobs[index]?.kind !== 'apply') return outcome
      const changes = outcome.changes.map(({ key, value }) => ({ key, value: value?.map((byte) => byte ^ 1) ?? null }))
      return { ...outcome, changes }
    })
  },
})

it.each(['bob', 'ada'])(
  'a newcomer takes the snapshot that two members agree on, where %s has another state',
  async (liar) => {
    const world = await open({ retention, seed: liar })
    for (const name of NAMES)
      await world.start(name, { boot: NAMES, ...(name === liar ? { wrapExecutor: wrong } : {}) })
    const shared = await shareContext(world, await appWasm('order-sensitive'), NAMES)
    const set = (name: string, key: string) =>
      world.run(world.get(name).call(shared.contextId, 'set', { key, value: name }))
    for (let i = 0; i < 24; i += 1) await set(i % 2 === 0 ? 'ada' : 'cyd', `k${i}`)
    await world.pass(30_000)
    await world.start('dan', { boot: [...NAMES, 'dan'] })
    await joinContext(world, shared, 'ada', 'dan')
    await world.pass(60_000)
    const rootOf = async (name: string) => (await world.get(name).context(shared.contextId)).root
    expect(await rootOf('dan')).toBe(await rootOf('cyd'))
    expect(await rootOf('dan')).not.toBe(await rootOf(liar))
  },
)

it('a state that nobody else computes replaces none, though its author has pruned further than all', async () => {
  const others = ['ada', 'bob', 'dan']
  const names = [...others, 'eve', 'cyd']
  const world = await open({ retention })
  for (const name of names) await world.start(name, { boot: names, ...(name === 'cyd' ? { wrapExecutor: wrong } : {}) })
  const shared = await shareContext(world, await appWasm('order-sensitive'), names)
  const contextOf = (name: string) => world.get(name).context(shared.contextId)
  const set = (name: string, key: string) =>
    world.run(world.get(name).call(shared.contextId, 'set', { key, value: name }))
  await set('eve', 'first')
  await world.pass(2000)
  await world.run(removeMember(world.get('ada').node, shared.namespaceId, world.get('eve').node.account))
  await world.pass(2000)
  for (let i = 0; i < 24; i += 1) await set(others[i % 3] ?? 'ada', `k${i}`)
  await world.pass(2000)
  for (const name of others) world.get(name).kill()
  await world.pass(30_000)
  const invented = (await contextOf('cyd')).checkpoint()
  for (const name of others) await world.start(name, { boot: names })
  await set('cyd', 'told')
  await world.pass(2000)
  expect(invented && (await world.run((await contextOf('ada')).isOverruled(invented)))).toBe(true)
  await world.pass(30_000)
  const roots = await Promise.all([...others, 'cyd'].map(async (name) => (await contextOf(name)).root))
  expect(new Set(roots.slice(0, 3)).size).toBe(1)
  expect(roots[3]).not.toBe(roots[0])
})
