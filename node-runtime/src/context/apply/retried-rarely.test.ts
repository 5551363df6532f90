// What this machine is too slow for is tried again once a minute, whatever else wakes the context.
import { expect, it } from 'vitest'
import type { GuestExecutor } from '../../runtime/guest-executor.ts'
import { converge } from '../../testing/test-nodes.ts'
import { testWorlds } from '../../testing/test-worlds.ts'
import { RECONSIDER_MS } from '../limits.ts'

const { share } = testWorlds()
const NAMES = ['ada', 'bob']

it('a delta that is too slow is not tried more often for what its namespace says', async () => {
  const { world, shared } = await share('order-sensitive', NAMES)
  let isSlow = false
  let runs = 0
  const wrapExecutor = (executor: GuestExecutor): GuestExecutor => ({
    inspect: (module) => executor.inspect(module),
    close: () => executor.close(),
    run: async (module, source, jobs, options) => {
      const outcomes = await executor.run(module, source, jobs, options)
      if (!isSlow || jobs.every(({ kind }) => kind !== 'apply')) return outcomes
      runs += 1
      const error = { kind: 'timeout', message: 'it took too long' } as const
      return outcomes.map((outcome) => ({ ...outcome, status: 'error', changes: [], error }))
    },
  })
  await world.run(world.get('bob').stop())
  const { node: bob } = await world.start('bob', { boot: NAMES, wrapExecutor })
  await converge(world, shared.contextId, NAMES)
  isSlow = true
  const ada = world.get('ada')
  await world.run(ada.call(shared.contextId, 'set', { key: 'k', value: 'v' }))
  const parked = () => bob.contexts.opened(shared.contextId)?.waiting().parked ?? 0
  await world.until('it to be parked', () => parked() === 1)
  const minutes = 5
  const before = runs
  for (let minute = 0; minute < minutes; minute += 1) {
    const body = { kind: 'metadata_set', groupId: shared.groupId, name: `${minute}`, fields: [] } as const
    await world.run(ada.node.namespaces.get(shared.namespaceId).submit(body))
    await world.pass(RECONSIDER_MS)
  }
  expect([runs > before, runs - before <= minutes]).toEqual([true, true])
  isSlow = false
  await world.pass(RECONSIDER_MS)
  await converge(world, shared.contextId, NAMES)
})
