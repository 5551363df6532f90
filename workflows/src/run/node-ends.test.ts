import { expect, test } from 'vitest'
import { FixtureDriver } from '../testing/fixture-driver.ts'
import { FixtureNetwork } from '../testing/fixture-network.ts'
import { notesOf, outcomesOf, runYaml, withContext } from '../testing/run-yaml.ts'
import type { RunEvent } from './events.ts'

const WAIT = '{ name: pause, type: wait, seconds: 5 }'
const file = (settings: string, steps = WAIT) => `{ name: My Run!, ${settings}, steps: [${steps}] }`
const NODES = 'nodes: { count: 2, prefix: n }'

/** Runs until a step of this name has started, and then does something to it. */
const onStart = (name: string, action: () => void) => (event: RunEvent) => {
  if (event.type === 'step:start' && event.step.name === name) action()
}

test('a node that ends by itself fails the current step at once, with the cause, its node and its log', async () => {
  const driver = new FixtureDriver(new FixtureNetwork())
  const steps = `{ name: outer, type: repeat, count: 1, steps: [{ name: long, type: wait, seconds: 1000 }] }, ${WAIT}`
  const run = await runYaml(file(`${NODES}, stop_all_nodes: true`, steps), {
    driver,
    onEvent: onStart('long', () => void driver.crash('n-2')),
  })
  expect(run.exitCode).toBe(1)
  expect(run.failure).toMatchObject({
    code: 'node_exited',
    message: 'node n-2 ended unexpectedly: killed by SIGSEGV',
    node: 'n-2',
    nodeExit: 'killed by SIGSEGV',
    help: expect.stringContaining('its log has the last'),
    steps: ['outer', 'iteration 1 of 1', 'long'],
    logTail: [expect.any(String), expect.stringContaining('last words of n-2')],
  })
  expect(outcomesOf(run, 'long')).toEqual(['failed'])
  expect(outcomesOf(run, 'pause')).toEqual([])
})

test('a request that breaks off because the node ended is reported as the end of the node', async () => {
  const driver = new FixtureDriver(new FixtureNetwork())
  driver.network.node('n-1').fail('POST', /jsonrpc/, 'hang')
  const steps = '{ name: ask, type: call, node: n-1, context_id: c, method: m, expected_failure: true }'
  const run = await runYaml(file(`${NODES}, stop_all_nodes: true`, steps), {
    driver,
    onEvent: onStart('ask', () => void driver.crash('n-1', { code: 1 })),
  })
  expect(run.failure).toMatchObject({ code: 'node_exited', nodeExit: 'exit code 1' })
})

test('a node that ends by itself is none of the failures that a step may expect, the last step of a run, too', async () => {
  const dropped = [
    "type: call, node: n-1, context_id: '{{context_id}}', method: exit",
    "type: delete_context, node: n-1, context_id: '{{context_id}}'",
  ]
  for (const step of dropped) {
    const driver = new FixtureDriver(new FixtureNetwork())
    const node = driver.network.node('n-1')
    const end = (event: RunEvent) => {
      if (event.type !== 'step:start' || event.step.name !== 'ask') return
      node.fail('POST', /jsonrpc/, 'hang')
      node.fail('DELETE', /contexts/, 'hang')
      node.onHang = () => void driver.crashUnnoticed('n-1')
    }
    const run = await runYaml(withContext(`  - { name: ask, ${step}, expected_failure: true }`), {
      driver,
      onEvent: end,
    })
    expect([run.outcome, run.exitCode]).toEqual(['failed', 1])
    expect(run.failure).toMatchObject({
      code: 'node_exited',
      node: 'n-1',
      nodeExit: 'killed by SIGKILL',
      steps: ['ask'],
    })
    expect(run.failure?.logTail?.length).toBeGreaterThan(0)
  }
})

test('a step may expect what another step brings about by ending the node', async () => {
  const driver = new FixtureDriver(new FixtureNetwork())
  const node = driver.network.node('n-1')
  node.fail('POST', /jsonrpc/, 'hang')
  const asked = Promise.withResolvers<void>()
  node.onHang = asked.resolve
  const ask = '{ type: call, node: n-1, context_id: c, method: m, expected_failure: true }'
  const stop = '{ type: stop_node, nodes: n-1 }'
  const groups = `[{ name: a, steps: [${ask}] }, { name: b, steps: [{ name: hold, type: wait, seconds: 1 }, ${stop}] }]`
  const stops = driver.stop.bind(driver)
  driver.stop = async (each) => {
    await asked.promise
    return stops(each)
  }
  const run = await runYaml(file(`${NODES}, stop_all_nodes: true`, `{ type: parallel, groups: ${groups} }`), { driver })
  expect([run.outcome, run.failure]).toEqual(['passed', undefined])
})

test('a node that ends after the last step fails the run, wherever in its end that is', async () => {
  const ends = [
    (event: RunEvent) => event.type === 'step:end' && event.step.name === 'pause',
    (event: RunEvent) => event.type === 'history',
  ]
  for (const isDue of ends) {
    const driver = new FixtureDriver(new FixtureNetwork())
    const run = await runYaml(file(`${NODES}, nuke_on_end: true`), {
      driver,
      onEvent: (event) => {
        if (isDue(event)) void driver.crashUnnoticed('n-2')
      },
    })
    expect([run.outcome, run.exitCode]).toEqual(['failed', 1])
    expect(run.failure).toMatchObject({
      code: 'node_exited',
      during: 'after the last step',
      message: 'node n-2 ended unexpectedly: killed by SIGKILL',
      logTail: [expect.any(String), expect.stringContaining('last words of n-2')],
    })
    expect(notesOf(run)).not.toContainEqual(expect.stringContaining('nuke_on_end'))
  }
})

test('a node that ends while faults are taken off is told of, and its data stays', async () => {
  const driver = new FixtureDriver(new FixtureNetwork())
  const run = await runYaml(file(NODES), {
    driver,
    onEvent: (event) => {
      // Its news are there before the end of the run asks for them; nothing looks at it in between.
      if (event.type === 'phase' && event.phase === 'teardown') driver.lose('n-2')
    },
  })
  expect(run.failure).toMatchObject({ code: 'node_exited', node: 'n-2' })
})

test('nodes that a step has stopped, or that are slow to answer, end no run', async () => {
  const driver = new FixtureDriver(new FixtureNetwork())
  driver.network.node('n-2').fail('GET', /health/, { status: 503, body: {} }, 1000)
  const run = await runYaml(file(NODES, '{ type: stop_node, nodes: n-1 }'), { driver })
  expect(run.outcome).toBe('passed')
})

test('in parallel groups the end of a node fails the running steps of every group', async () => {
  const driver = new FixtureDriver(new FixtureNetwork())
  const group = (name: string) => `{ name: ${name}, steps: [{ name: ${name}, type: wait, seconds: 1000 }] }`
  const run = await runYaml(file(NODES, `{ name: par, type: parallel, groups: [${group('a')}, ${group('b')}] }`), {
    driver,
    onEvent: onStart('b', () => void driver.crash('n-1')),
  })
  expect(run.failure).toMatchObject({ code: 'node_exited', steps: ['par', 'group a', 'a'] })
  expect(outcomesOf(run, 'b')).toEqual(['failed'])
})

test('a node that steps start beside each other is started once', async () => {
  const start = '{ steps: [{ type: start_node, nodes: n-2 }] }'
  const steps = `{ type: stop_node, nodes: n-2 }, { type: parallel, groups: [${start}, ${start}] }`
  const run = await runYaml(file(`${NODES}, stop_all_nodes: true`, steps))
  expect([run.outcome, run.failure]).toEqual(['passed', undefined])
  expect(run.driver.specs.map(({ name }) => name).sort()).toEqual(['n-1', 'n-2', 'n-2'])
})
