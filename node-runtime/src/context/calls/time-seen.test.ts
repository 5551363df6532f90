// The HLC of a merge is when its call began, and guests have seen the time go on behind that. None sees it again.
import { expect, it } from 'vitest'
import { decodeArtifact, encodeArtifact } from '../../crdt/artifact.ts'
import { STAMP_LEAD_MAX } from '../../crdt/limits.ts'
import type { GuestExecutor, GuestOutcome } from '../../runtime/guest-executor.ts'
import { converge } from '../../testing/test-nodes.ts'
import { testWorlds } from '../../testing/test-worlds.ts'
import { isFromTheFuture } from '../apply/future.ts'
import { FUTURE_MAX_MS } from '../limits.ts'

const { share } = testWorlds()
const AHEAD_MS = 240_000
const MS = 1_000_000n

const watched =
  (seen: GuestOutcome[]) =>
  (executor: GuestExecutor): GuestExecutor => ({
    run: async (module, source, jobs, options) => {
      const outcomes = await executor.run(module, source, jobs, options)
      if (jobs[0]?.kind === 'call') seen.push(...outcomes)
      return outcomes
    },
    inspect: (module) => executor.inspect(module),
    close: () => executor.close(),
  })

/** Bob has what Ada has written on a clock that is ahead, and calls from now on are watched. */
async function behind() {
  const { world, shared } = await share('kv-store', ['ada', 'bob'])
  const { contextId } = shared
  await converge(world, contextId, ['ada', 'bob'])
  for (const name of ['ada', 'bob']) await world.run(world.get(name).stop())
  const seen: GuestOutcome[] = []
  const wrapExecutor = watched(seen)
  await world.start('ada', { boot: ['bob'], skewMs: AHEAD_MS, wrapExecutor })
  await world.start('bob', { boot: ['ada'], wrapExecutor })
  const set = (name: string, key: string) => world.run(world.get(name).call(contextId, 'set', { key, value: name }))
  await set('ada', 'first')
  await converge(world, contextId, ['ada', 'bob'])
  return { world, contextId, wrapExecutor, seen, set }
}

it('a call that answers what was written on a clock ahead begins behind its last stamp', async () => {
  const { world, contextId, seen, set } = await behind()
  for (const key of ['second', 'third']) await set('ada', key)
  // A stamp for each of the three.
  await world.run(world.get('ada').call(contextId, 'clear'))
  await converge(world, contextId, ['ada', 'bob'])
  const cleared = seen.at(-1)
  await set('bob', 'answer')
  const answer = seen.at(-1)
  if (cleared?.artifact === undefined || answer === undefined) throw new Error('nothing was called')
  const context = await world.get('bob').context(contextId)
  const stamps = decodeArtifact(cleared.artifact.bytes).map(({ stamp }) => stamp)
  expect(stamps.filter((stamp) => stamp > cleared.beganNs)).toHaveLength(2)
  for (const stamp of stamps) expect(answer.beganNs).toBeGreaterThan(stamp)
  expect(context.heads().map((head) => context.delta(head)?.hlc)).toEqual([answer.beganNs])
})

it('a call after a restart begins where the last one ended, and the clock gets no further ahead by it', async () => {
  const { world, seen, set, wrapExecutor } = await behind()
  await world.run(world.get('ada').stop())
  for (const key of ['a', 'b', 'c']) {
    await set('bob', key)
    await world.run(world.get('bob').stop())
    await world.start('bob', { boot: ['ada'], wrapExecutor })
  }
  await set('bob', 'd')
  const [first, ...calls] = seen
  if (first === undefined) throw new Error('nothing was called')
  expect(calls).toHaveLength(4)
  let endedNs = first.beganNs
  for (const { beganNs, timeNs } of calls) {
    expect(beganNs).toBeGreaterThan(endedNs)
    endedNs = timeNs
  }
  expect(endedNs - first.timeNs).toBeLessThan(MS)
})

it('stamps that lie as far above their delta as they may make no answer too early for others', async () => {
  const { world, shared } = await share('kv-store', ['ada', 'bob'])
  const { contextId } = shared
  await converge(world, contextId, ['ada', 'bob'])
  await world.run(world.get('ada').stop())
  const lying = (executor: GuestExecutor): GuestExecutor => ({
    run: async (module, source, jobs, options) => (await executor.run(module, source, jobs, options)).map(stampedAhead),
    inspect: (module) => executor.inspect(module),
    close: () => executor.close(),
  })
  await world.start('ada', { boot: ['bob'], skewMs: FUTURE_MAX_MS - 2000, wrapExecutor: lying })
  await world.run(world.get('ada').call(contextId, 'set', { key: 'first', value: 'ada' }))
  await converge(world, contextId, ['ada', 'bob'])
  const bob = world.get('bob')
  await world.run(bob.call(contextId, 'set', { key: 'answer', value: 'bob' }))
  const context = await bob.context(contextId)
  const [answer] = context.heads().flatMap((head) => context.delta(head) ?? [])
  if (answer === undefined) throw new Error('nothing was written')
  expect(answer.parents).toHaveLength(1)
  expect(isFromTheFuture(answer.hlc, bob.clock.nowMs())).toBe(false)
})

function stampedAhead(outcome: GuestOutcome): GuestOutcome {
  if (outcome.artifact === undefined) return outcome
  const fragments = decodeArtifact(outcome.artifact.bytes)
  for (const fragment of fragments) Object.assign(fragment, { stamp: outcome.beganNs + STAMP_LEAD_MAX })
  return { ...outcome, artifact: { kind: 'host', bytes: encodeArtifact(fragments) } }
}
