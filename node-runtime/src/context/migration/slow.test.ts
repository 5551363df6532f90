// A migration that this machine cannot do in time: the earlier code goes on meanwhile, and not each call waits for another try.
import { expect, it } from 'vitest'
import type { GuestExecutor, GuestJob, GuestOutcome } from '../../runtime/guest-executor.ts'
import { migrate } from '../../testing/migrating.ts'
import { converge } from '../../testing/test-nodes.ts'
import { testWorlds } from '../../testing/test-worlds.ts'

const { share } = testWorlds()

const isMigration = (job: GuestJob) => job.kind === 'call' && job.method === 'migrate_v1_to_v2'

it('leaves the context to the earlier code until it can be done', async () => {
  let isSlow = true
  let tries = 0
  const inTime = (outcome: GuestOutcome, job: GuestJob | undefined): GuestOutcome => {
    if (job === undefined || !isMigration(job)) return outcome
    tries += 1
    if (!isSlow) return outcome
    return { ...outcome, status: 'error', changes: [], error: { kind: 'timeout', message: 'it took too long' } }
  }
  const wrapExecutor = (executor: GuestExecutor): GuestExecutor => ({
    inspect: (module) => executor.inspect(module),
    close: () => executor.close(),
    run: async (module, source, jobs, options) => {
      const outcomes = await executor.run(module, source, jobs, options)
      return outcomes.map((outcome, at) => inTime(outcome, jobs[at]))
    },
  })
  const scene = await share('order-sensitive', ['ada', 'bob'])
  const { world, shared } = scene
  await world.run(world.get('ada').stop())
  await world.start('ada', { boot: ['bob'], wrapExecutor })
  const append = (name: string, value: string) => world.run(world.get(name).call(shared.contextId, 'append', { value }))
  await append('ada', 'first')
  await converge(world, shared.contextId, ['ada', 'bob'])
  await migrate(scene, 'ada')
  await append('ada', 'by the earlier code')
  await append('ada', 'at once after it')
  expect(tries).toBe(1)
  const { mark, failed } = (await world.get('ada').context(shared.contextId)).migration
  expect([mark.version, failed?.why]).toEqual([1, expect.stringContaining('it took too long')])
  isSlow = false
  await world.pass(10_000)
  await append('ada', 'last')
  await converge(world, shared.contextId, ['ada', 'bob'])
  expect((await world.get('bob').context(shared.contextId)).migration.mark.version).toBe(2)
  const log = ['first', 'by the earlier code', 'at once after it', 'last']
  expect(await world.run(world.get('bob').call(shared.contextId, 'log', {}))).toEqual(log)
})
