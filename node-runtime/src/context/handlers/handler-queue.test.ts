import { describe, expect, it } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { utf8 } from '../../base/bytes.ts'
import type { GuestExecutor, GuestOutcome } from '../../runtime/guest-executor.ts'
import { converge, type SharedContext, shareContext, type TestWorld } from '../../testing/test-nodes.ts'
import { countRows, testWorlds } from '../../testing/test-worlds.ts'
import { HANDLER_ATTEMPTS_MAX, HANDLER_DEPTH_MAX } from '../limits.ts'

const { open } = testWorlds()
const NAMES = ['ada', 'bob']

describe('handlers', () => {
  it('that cause handlers for ever stop at the depth limit, in the dead letters', async () => {
    const asked: string[] = []
    const event = { kind: 'again', data: utf8('{"key":"k","value":"v"}'), handler: 'insert_handler' }
    const { world, shared } = await scene(asked, (outcome) => ({ ...outcome, events: [event] }))
    await world.run(world.get('ada').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
    await converge(world, shared.contextId, NAMES)
    expect(asked.filter((method) => method === 'insert_handler')).toHaveLength(HANDLER_DEPTH_MAX)
    expect(await dead(world)).toBe(1)
  })

  it('of a method that is not there become a dead letter at the first attempt', async () => {
    const asked: string[] = []
    const event = { kind: 'odd', data: utf8('{}'), handler: 'no_such_handler' }
    const { world, shared } = await scene(asked, (outcome) => ({ ...outcome, events: [event] }))
    await world.run(world.get('ada').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
    await converge(world, shared.contextId, NAMES)
    expect(asked.filter((method) => method === 'no_such_handler')).toHaveLength(1)
    expect(await dead(world)).toBe(1)
  })

  it('that fail are tried again, a bounded number of times, and the others go on', async () => {
    const asked: string[] = []
    const event = { kind: 'odd', data: utf8('{"key":"none"}'), handler: 'get_unchecked' }
    const { world, shared } = await scene(asked, (outcome, method) =>
      method === 'set' ? { ...outcome, events: [event, ...outcome.events] } : outcome,
    )
    await world.run(world.get('ada').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
    await converge(world, shared.contextId, NAMES)
    expect(asked.filter((method) => method === 'get_unchecked')).toHaveLength(HANDLER_ATTEMPTS_MAX)
    expect(asked).toContain('insert_handler')
    expect(await dead(world)).toBe(1)
  })
})

/** Two nodes whose calls that write end with the outcome that `change` makes of theirs. */
async function scene(
  asked: string[],
  change: (outcome: GuestOutcome, method: string) => GuestOutcome,
): Promise<{ world: TestWorld; shared: SharedContext }> {
  const world = await open()
  const wrapExecutor = (executor: GuestExecutor): GuestExecutor => ({
    run: async (module, source, jobs, options) => {
      const outcomes = await executor.run(module, source, jobs, options)
      return outcomes.map((outcome, index) => {
        const job = jobs[index]
        if (job?.kind !== 'call' || job.method === 'init') return outcome
        asked.push(job.method)
        return outcome.artifact ? change(outcome, job.method) : outcome
      })
    },
    inspect: (module) => executor.inspect(module),
    close: () => executor.close(),
  })
  for (const name of NAMES) await world.start(name, { boot: NAMES, wrapExecutor })
  return { world, shared: await shareContext(world, await appWasm('kv-store-with-handlers'), NAMES) }
}

async function dead(world: TestWorld): Promise<number> {
  const counts = await Promise.all(NAMES.map((name) => countRows(world.get(name).disk, 'deadLetter')))
  return counts.reduce((sum, count) => sum + count, 0)
}
