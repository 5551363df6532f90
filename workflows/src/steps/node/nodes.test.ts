import { expect, test } from 'vitest'
import { FixtureDriver } from '../../testing/fixture-driver.ts'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { outcomesOf, runYaml, withContext } from '../../testing/run-yaml.ts'

test('a stopped node is refused, and started again it has what it had', async () => {
  const run = await runYaml(
    withContext(`
  - { type: stop_node, nodes: [n-1, n-2] }
  - { name: away, type: call, node: n-1, context_id: '{{context_id}}', method: len, expected_failure: false }
`),
  )
  expect(run.failure).toMatchObject({
    code: 'not_running',
    message: 'node n-1 is not running: a step stopped it (exit code 0)',
  })
  const back = await runYaml(
    withContext(`
  - { type: stop_node, nodes: '{{app_id}}' }
`),
  )
  expect(back.failure?.message).toContain('there is no node app-of-app.wasm in this run')
})

test.each([
  "join_context, node: n-2, context_id: '{{context_id}}'",
  "join_namespace, node: n-2, namespace_id: '{{namespace_id}}', invitation: '{{invitation}}'",
  'delete_blob, node: n-2, blob_id: x',
  'get_group_info, node: n-2, group_id: x',
])('that a node is stopped is no failure that a step may expect: %s', async (step) => {
  const run = await runYaml(
    withContext(`
  - { type: stop_node, nodes: n-2 }
  - { type: ${step}, expected_failure: true }
`),
  )
  expect(run.failure).toMatchObject({ code: 'not_running', node: 'n-2' })
})

test('stop and start keep ports and data, and are no unexpected ends', async () => {
  const run = await runYaml(
    withContext(`
  - { type: call, node: n-2, context_id: '{{context_id}}', method: set, args: { key: a, value: kept } }
  - { type: stop_node, nodes: n-2 }
  - { type: stop_node, nodes: n-2 }
  - { type: start_node, nodes: [n-1, n-2], wait_timeout: 5 }
  - { type: call, node: n-2, context_id: '{{context_id}}', method: get, args: { key: a }, outputs: { v: result.output } }
`),
  )
  expect(run.outcome).toBe('passed')
  expect(run.variables.get('v')).toBe('kept')
  const [, first, again] = run.driver.specs
  expect(again).toEqual(first)
  expect(run.events.filter((event) => event.type === 'node:exited' && !event.expected)).toEqual([])
})

test('a killed node gets no time, comes back with its data, and its end was expected', async () => {
  const run = await runYaml(
    withContext(`
  - { type: call, node: n-2, context_id: '{{context_id}}', method: set, args: { key: a, value: kept } }
  - { name: end, type: stop_node, nodes: n-2, kill: true }
  - { type: start_node, nodes: n-2 }
  - { type: call, node: n-2, context_id: '{{context_id}}', method: get, args: { key: a }, outputs: { v: result.output } }
`),
  )
  expect(run.outcome).toBe('passed')
  expect(run.variables.get('v')).toBe('kept')
  const ends = run.events.flatMap((event) => (event.type === 'node:exited' ? [event] : []))
  expect(ends[0]).toMatchObject({ node: 'n-2', expected: true, cause: expect.stringContaining('SIGKILL') })
})

test('a node is started as a mock TEE where the step says so, and stays one until a step says otherwise', async () => {
  const run = await runYaml(
    withContext(`
  - { type: stop_node, nodes: n-2 }
  - { type: start_node, nodes: n-2, mock_tee: true }
  - { type: start_node, nodes: n-2, mock_tee: true }
  - { type: restart_container, container: n-2 }
  - { type: stop_node, nodes: n-2 }
  - { type: start_node, nodes: n-2, mock_tee: false }
  - { type: start_node, nodes: n-1, mock_tee: true }
`),
  )
  const args = run.driver.specs.filter(({ name }) => name === 'n-2').map((spec) => spec.args ?? [])
  expect(args).toEqual([[], ['--mock-tee'], ['--mock-tee'], []])
  expect(run.failure?.message).toBe('n-1 is running, and no mock TEE: stop it first (stop_node)')
})

test('a node that cannot be started fails the step', async () => {
  const driver = new FixtureDriver(new FixtureNetwork())
  const run = await runYaml(
    withContext(
      '  - { type: stop_node, nodes: n-2 }\n  - { name: up, type: start_node, nodes: n-2, expected_failure: true }',
    ),
    {
      driver,
      onEvent: (event) => {
        if (event.type === 'node:exited') driver.failStart = new Error('no room')
      },
    },
  )
  expect(outcomesOf(run, 'up')).toEqual(['failed'])
  expect(run.failure?.message).toContain('no room')
})
