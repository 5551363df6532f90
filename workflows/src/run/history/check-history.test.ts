import { expect, test } from 'vitest'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml, withContext } from '../../testing/run-yaml.ts'
import { HISTORY_WRITES_MAX } from '../limits.ts'
import { WriteHistory } from './write-history.ts'

const SET = "  - { type: call, node: n-1, context_id: '{{context_id}}', method: set, args: { key: a, value: '1' } }\n"
const ASIDE = (name: string) => `  - { name: ${name}, type: wait, seconds: 1 }\n`

test('a run that passes tells what was looked at', async () => {
  const run = await runYaml(withContext(SET + SET))
  expect(run.record.history).toEqual({ acknowledged: 2, writes: 2, contexts: 1, nodes: ['n-1', 'n-2'] })
})

test('a run in which nothing was written has no contexts to look at', async () => {
  const run = await runYaml(withContext(ASIDE('w')))
  expect(run.record.history).toEqual({ acknowledged: 0, writes: 0, contexts: 0, nodes: [] })
})

test('nodes with the same heads and another state fail the run, whatever it asserts', async () => {
  const network = new FixtureNetwork()
  network.node('n-2').forgedRoot = 'other'
  const run = await runYaml(withContext(SET), { network })
  expect([run.outcome, run.exitCode]).toEqual(['failed', 1])
  expect(run.failure).toMatchObject({ code: 'history', during: 'checking the history' })
  expect(run.failure?.message).toMatch(/^n-1, n-2 hold the same history of context \S+ and do not have the same state$/)
  expect(run.failure?.perNode?.map(({ node }) => node)).toEqual(['n-1', 'n-2'])
})

test('nodes with other heads may differ: nothing says that they had to be in sync', async () => {
  const network = new FixtureNetwork()
  Object.assign(network.node('n-2'), { forgedRoot: 'other', forgedHeads: [[1]] })
  expect((await runYaml(withContext(SET), { network })).record.history?.nodes).toEqual(['n-1', 'n-2'])
})

test('nodes that differ only while governance is on its way agree in the end', async () => {
  const network = new FixtureNetwork()
  network.node('n-2').forgedRoot = 'other'
  network.node('n-2').truthAfterReads = 3
  expect((await runYaml(withContext(SET), { network })).outcome).toBe('passed')
})

test('a write that nobody has any more fails the run', async () => {
  const network = new FixtureNetwork()
  const run = await runYaml(withContext(SET + ASIDE('forget')), {
    network,
    onEvent: (event) => {
      if (event.type === 'step:start' && event.step.name === 'forget') network.loseWrites()
    },
  })
  expect(run.failure).toMatchObject({ code: 'history', node: 'n-1' })
  expect(run.failure?.message).toMatch(/^n-1 acknowledged a write and does not have it any more: delta \S+ of context/)
})

test('what a node has left is not looked for there', async () => {
  const network = new FixtureNetwork()
  const leave = "  - { name: leave, type: leave_context, node: n-1, context_id: '{{context_id}}' }\n"
  const run = await runYaml(withContext(SET + leave + ASIDE('forget')), {
    network,
    onEvent: (event) => {
      if (event.type === 'step:start' && event.step.name === 'forget') network.loseWrites()
    },
  })
  expect(run.record.history).toMatchObject({ acknowledged: 1, writes: 0 })
})

test('nodes that do not tell where a delta is are not asked to', async () => {
  const network = new FixtureNetwork()
  network.node('n-1').namesDeltas = false
  expect((await runYaml(withContext(SET), { network })).record.history).toMatchObject({ acknowledged: 0, writes: 0 })
})

test('of very many writes some are kept, from the first to the last', () => {
  const history = new WriteHistory()
  for (let at = 1; at <= 10_000; at += 1) history.add('c', 'n', `${at}`)
  const kept = history.kept.map(({ deltaId }) => Number(deltaId))
  expect(history.count).toBe(10_000)
  expect(kept.length).toBeLessThan(HISTORY_WRITES_MAX)
  expect(kept.length).toBeGreaterThanOrEqual(HISTORY_WRITES_MAX / 2)
  const gaps = kept.slice(1).map((at, index) => at - (kept[index] ?? 0))
  expect(new Set(gaps).size).toBe(1)
  expect(10_000 - (kept.at(-1) ?? 0)).toBeLessThan(gaps[0] ?? 0)
})
