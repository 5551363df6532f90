import { expect, test } from 'vitest'
import { outcomesOf, runYaml } from '../../testing/run-yaml.ts'
import { UNINTERRUPTED_MAX_MS } from '../limits.ts'
import { EventLoopTurn } from './event-loop-turn.ts'

test('others get a turn after some time without one, and not before', async () => {
  let nowMs = 0
  const turn = new EventLoopTurn(() => nowMs)
  nowMs = UNINTERRUPTED_MAX_MS - 1
  expect(turn.due()).toBeUndefined()
  nowMs += 1
  const others = new Promise<string>((resolve) => setImmediate(() => resolve('had their turn')))
  const taken = turn.due()
  expect(await Promise.race([taken?.then(() => 'nobody'), others])).toBe('had their turn')
  await taken
  expect(turn.due()).toBeUndefined()
  nowMs += UNINTERRUPTED_MAX_MS
  expect(turn.due()).toBeDefined()
})

const MANY = 20_000
const assertion = "{ type: assert, statements: ['1 == 1'] }"
const fuzz = `duration_minutes: 1, context_id: c, nodes: [{ name: n-1 }], operation_delay_ms: 0, max_operations: ${MANY}`
const endless: [string, string][] = [
  ['repeat', `type: repeat, count: ${MANY}, steps: [${assertion}]`],
  ['parallel', `type: parallel, groups: [{ count: ${MANY}, steps: [${assertion}] }, { steps: [${assertion}] }]`],
  ['fuzzy_test', `type: fuzzy_test, ${fuzz}, operations: [{ name: a, steps: [${assertion}] }]`],
  ['what is skipped', `type: repeat, count: ${MANY}, steps: [{ if: false, type: assert, statements: ['1 == 1'] }]`],
]

test.each(endless)('steps that wait for nothing can be interrupted: %s', async (_, step) => {
  const abort = new AbortController()
  let isBegun = false
  const run = await runYaml(
    `name: x\nstop_all_nodes: true\nnodes: { count: 1, prefix: n }\nsteps: [{ name: all, ${step} }]\n`,
    {
      signal: abort.signal,
      onEvent: ({ type }) => {
        if (type !== 'step:start' || isBegun) return
        isBegun = true
        setTimeout(() => abort.abort(), 0)
      },
    },
  )
  expect([run.outcome, ...outcomesOf(run, 'all')]).toEqual(['interrupted', 'cancelled'])
})
