import { expect, test } from 'vitest'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { outcomesOf, runYaml, withContext } from '../../testing/run-yaml.ts'

const SET =
  "{ type: call, node: n-1, context_id: '{{context_id}}', method: set, args: { key: a, value: '{{namespace_id}}' } }"

test('the envelope is captured, arguments are resolved, and a whole placeholder keeps its type', async () => {
  const run = await runYaml(
    withContext(`
  - ${SET}
  - type: call
    node: n-2
    context_id: '{{context_id}}'
    method: echo
    args: { list: ['{{context_id}}', 2], nested: { n: 1.0, big: 18446744073709551615 } }
    outputs: { whole: result, inner: result.output.nested, first: result.output.list.0 }
`),
  )
  expect(run.outcome).toBe('passed')
  expect(run.variables.get('first')).toBe(run.variables.get('context_id'))
  expect(run.variables.get('whole')).toHaveProperty('output')
})

test('an error of the application fails the step and names the node and its log', async () => {
  const run = await runYaml(withContext("  - { type: call, node: n-1, context_id: '{{context_id}}', method: nope }"))
  expect(run.exitCode).toBe(1)
  expect(run.failure).toMatchObject({
    code: 'failed',
    message: "nope on n-1: JSON-RPC error returned: FunctionCallError - method 'nope' not found",
    node: 'n-1',
    place: { file: 'test.yml', column: 68 },
    steps: ['call'],
  })
  expect(run.failure?.logTail?.at(-1)).toContain('last words of n-1')
})

test('a call that the application ends is shown at the field to look at, with what to do', async () => {
  const network = new FixtureNetwork()
  network.node('n-1').rpcErrors.push({ type: 'FunctionCallError', data: 'wasm trap: unreachable' })
  const step = "type: call\n    node: n-1\n    context_id: '{{context_id}}'\n    method: set"
  const run = await runYaml(withContext(`  - ${step}`), { network })
  expect(run.failure?.place).toEqual({ file: 'test.yml', line: 20, column: 13 })
  expect(run.failure?.help).toContain('`log`')
})

test('an expected failure binds the error fields under the names of outputs, and leaves the rest unset', async () => {
  const run = await runYaml(
    withContext(`
  - type: call
    node: n-1
    context_id: '{{context_id}}'
    method: nope
    expected_failure: true
    expected_error: not found
    outputs: { kind: error_type, text: error_message, code: error_code, value: result }
`),
  )
  expect(run.outcome).toBe('passed')
  expect(run.variables.get('kind')).toBe('FunctionCallError')
  expect(run.variables.get('text')).toBe("method 'nope' not found")
  expect(run.variables.get('code')).toBeNull()
  expect(run.variables.has('value')).toBe(false)
})

test('without outputs the error fields get long names', async () => {
  const run = await runYaml(
    withContext('  - { type: call, node: n-1, context_id: nowhere, method: get, expected_failure: true }'),
  )
  expect(run.variables.get('execute_n-1_get_error_type')).toBe('ContextNotFound')
  expect(run.variables.get('execute_n-1_get_error')).toEqual({ type: 'ContextNotFound' })
})

test('an expected failure with another text fails the step', async () => {
  const run = await runYaml(
    withContext(
      "  - { type: call, node: n-1, context_id: '{{context_id}}', method: nope, expected_failure: true, expected_error: denied }",
    ),
  )
  expect(run.failure).toMatchObject({ code: 'not_as_expected' })
  expect(run.failure?.message).toContain('"denied" is not in')
})

test('an expected failure that succeeds passes, with null error fields and its results', async () => {
  const run = await runYaml(
    withContext(`
  - ${SET}
  - type: call
    node: n-1
    context_id: '{{context_id}}'
    method: get
    args: { key: a }
    expected_failure: true
    outputs:
      kind: error_type
      text: { field: error_message, target: 'text_{node_name}' }
      value: result.output
`),
  )
  expect(run.outcome).toBe('passed')
  expect(run.variables.get('kind')).toBeNull()
  expect(run.variables.get('text_n-1')).toBeNull()
  expect(run.variables.get('value')).toBe(run.variables.get('namespace_id'))
  expect(run.events.findLast(({ type }) => type === 'step:end')).toMatchObject({
    warning: expect.stringContaining('a failure was expected'),
  })
})

test('a state that is not there yet is asked for again, in short pauses of the same total time', async () => {
  const network = new FixtureNetwork()
  const missing = () => ({ type: 'Uninitialized' })
  network.node('n-1').rpcErrors.push(missing(), { type: 'FunctionCallError', data: 'awaiting state sync' }, missing())
  const run = await runYaml(withContext(`  - ${SET}`), { network })
  expect(run.outcome).toBe('passed')
  expect(run.clock.slept).toEqual([50, 100, 200])
})

test('a state may be waited for without end: no more is made of it than is used', async () => {
  for (const delay of ['', ', state_retry_delay: 2']) {
    const network = new FixtureNetwork()
    network.node('n-1').rpcErrors.push({ type: 'Uninitialized' })
    const more = `state_retry_attempts: 4000000000${delay}`
    const run = await runYaml(withContext(`  - ${SET.replace(/ }$/, `, ${more} }`)}`), { network })
    expect(run.failure).toBeUndefined()
    expect(run.clock.slept).toEqual([delay === '' ? 50 : 2000])
  }
})

test('a given delay between those tries is kept to, and the end is a failure even where one is expected', async () => {
  const network = new FixtureNetwork()
  for (let i = 0; i < 3; i += 1) network.node('n-1').rpcErrors.push({ type: 'Uninitialized' })
  const run = await runYaml(
    withContext(`
  - type: call
    node: n-1
    context_id: '{{context_id}}'
    method: len
    state_retry_attempts: 3
    state_retry_delay: 1.5
    expected_failure: true
`),
    { network },
  )
  expect(run.clock.slept).toEqual([1500, 1500])
  expect(run.failure).toMatchObject({ code: 'state_missing' })
  expect(run.failure?.message).toMatch(/^len on n-1: the context's state has not arrived after /)
})

test('a call that may have reached the node is never sent again, whether it broke off or was answered', async () => {
  const network = new FixtureNetwork()
  network.node('n-1').fail('POST', /jsonrpc/, 'drop')
  const broken = await runYaml(withContext(`  - ${SET}`), { network })
  expect(broken.failure).toMatchObject({ code: 'client_network', node: 'n-1' })
  expect(broken.clock.slept).toEqual([])

  const refusing = new FixtureNetwork()
  refusing.node('n-1').fail('POST', /jsonrpc/, { status: 503, body: { error: 'busy' } })
  const failed = await runYaml(withContext(`  - ${SET}`), { network: refusing })
  expect(failed.failure).toMatchObject({ code: 'client_http', message: 'Client error: HTTP 503: busy', node: 'n-1' })
  expect(failed.clock.slept).toEqual([])
})

test('a failing transport is an expected failure whose text has the fixed words', async () => {
  const network = new FixtureNetwork()
  network.node('n-1').fail('POST', /jsonrpc/, { status: 500, body: { error: 'boom' } })
  const run = await runYaml(
    withContext(`
  - { name: x, type: call, node: n-1, context_id: c, method: m, expected_failure: true, expected_error: execute_function failed,
      outputs: { why: error_message } }
`),
    { network },
  )
  expect(outcomesOf(run, 'x')).toEqual(['passed'])
  expect(run.variables.get('why')).toContain('HTTP 500: boom')
})

test('a capture that the reply lacks fails the step, expected failure or not', async () => {
  const run = await runYaml(
    withContext(
      "  - { type: call, node: n-1, context_id: '{{context_id}}', method: len, outputs: { v: result.value } }",
    ),
  )
  expect(run.failure).toMatchObject({ code: 'capture_missing' })
  expect(run.failure?.message).toContain('"result.value"')
  // At the path itself.
  expect(run.failure?.place?.column).toBeGreaterThan(80)
})
