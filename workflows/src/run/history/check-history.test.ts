import { expect, test } from 'vitest'
import { FixtureDriver } from '../../testing/fixture-driver.ts'
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

/** What becomes of a run in which a write was made, and this before its last step. */
function after(change: (network: FixtureNetwork) => void, steps = '') {
  const network = new FixtureNetwork()
  return runYaml(withContext(SET + steps + ASIDE('aside')), {
    network,
    onEvent: (event) => {
      if (event.type === 'step:start' && event.step.name === 'aside') change(network)
    },
  })
}

test('a write that its own node has lost fails the run, also where another node has it', async () => {
  const run = await after((network) => network.loseWritesOf('n-1'))
  expect(run.failure?.message).toMatch(/^n-1 acknowledged a write and does not have it any more: delta \S+ of context/)
  expect(run.record.history).toBeUndefined()
})

test('a node that lacks a write is looked at again before that counts', async () => {
  const network = new FixtureNetwork()
  const node = network.node('n-1')
  const run = await runYaml(withContext(SET + ASIDE('aside')), {
    network,
    onEvent: (event) => {
      if (event.type !== 'step:start' || event.step.name !== 'aside') return
      network.loseWritesOf('n-1')
      node.lagPolls = 3
    },
  })
  expect([run.outcome, run.record.history?.writes]).toEqual(['passed', 1])
})

test('a node that has adopted a checkpoint, or a context from which somebody was removed, is not held to its writes', async () => {
  const adopted = await after((network) => {
    network.loseWritesOf('n-1')
    network.node('n-1').checkpoint = 'c'.repeat(64)
  })
  expect([adopted.outcome, adopted.record.history]).toMatchObject(['passed', { acknowledged: 1, writes: 0 }])
  const removed = await after((network) => {
    network.loseWritesOf('n-1')
    network.node('n-1').removals = 'd'.repeat(64)
  })
  expect([removed.outcome, removed.record.history]).toMatchObject(['passed', { acknowledged: 1, writes: 0 }])
})

test('nodes that judge by other removals, or stand on other checkpoints, may differ', async () => {
  for (const other of [{ removals: 'd'.repeat(64) }, { checkpoint: 'c'.repeat(64) }]) {
    const run = await after((network) => Object.assign(network.node('n-2'), { forgedRoot: 'other', ...other }))
    expect(run.failure?.message).toBeUndefined()
    expect(run.record.history?.nodes).toEqual(['n-1', 'n-2'])
  }
})

test('who was removed, or has a fault that is on, is not compared', async () => {
  const forged = (network: FixtureNetwork) => Object.assign(network.node('n-2'), { forgedRoot: 'other' })
  const removed = await after((network) => {
    forged(network)
    for (const { members } of network.groups.values()) members.splice(1)
  })
  expect(removed.record.history?.nodes).toEqual(['n-1'])
  const driver = new FixtureDriver(new FixtureNetwork())
  Object.assign(driver.capabilities, { linkFaults: true })
  forged(driver.network)
  const fault = '  - { type: fault, fault: hold, to: n-2, messages: governance }\n'
  expect((await runYaml(withContext(SET + fault), { driver })).record.history?.nodes).toEqual(['n-1'])
})

test('a node that does not answer is asked once', async () => {
  const network = new FixtureNetwork()
  const run = await runYaml(withContext(SET.repeat(3) + ASIDE('aside')), {
    network,
    onEvent: (event) => {
      if (event.type !== 'step:start' || event.step.name !== 'aside') return
      network.node('n-1').fail('GET', /contexts/, 'drop', 100)
    },
  })
  expect(run.record.history).toMatchObject({ acknowledged: 3, writes: 0, nodes: ['n-2'] })
  const asked = network.node('n-1').requests.filter(({ method, path }) => method === 'GET' && path.includes('contexts'))
  expect(asked.length).toBe(1)
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

test('a write that its own node holds back for want of what it builds on is one that it lacks', async () => {
  const body = { data: { state: 'pending' } }
  const run = await after((network) => network.node('n-1').fail('GET', /\/deltas\//, { status: 200, body }, 99))
  expect(run.failure).toMatchObject({ code: 'history', node: 'n-1' })
})
