import { expect, test } from 'vitest'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { notesOf, outcomesOf, runYaml, withContext } from '../../testing/run-yaml.ts'

const call = (rest: string) => `{ type: call, context_id: '{{context_id}}', ${rest} }`

test('repeat counts, renames what outputs names, and keeps captures inside', async () => {
  const run = await runYaml(
    withContext(`
  - type: repeat
    count: 3
    outputs: { round: iteration, all: total_iterations, took: duration_seconds }
    steps:
      - ${call("node: n-1, method: set, args: { key: 'k{{round}}', value: 'at {{iteration_zero_based}} {{current_step}} {{current_step_index}}' }, outputs: { inside: result }")}
  - ${call('node: n-2, method: get, args: { key: k3 }, outputs: { last: result.output }')}
`),
  )
  expect(run.outcome).toBe('passed')
  expect(run.variables.get('last')).toBe('at 2 call 1')
  expect(run.variables.get('total_iterations')).toBe(3)
  expect(run.variables.get('step_count')).toBe(1)
  expect(run.variables.get('took')).toEqual(run.variables.get('duration_seconds'))
  for (const name of ['inside', 'round', 'iteration']) expect(run.variables.has(name)).toBe(false)
  expect(outcomesOf(run, 'call')).toHaveLength(4)
})

test('an output of repeat that nothing sets is a warning', async () => {
  const run = await runYaml(
    `{ name: t, stop_all_nodes: true, nodes: { count: 1, prefix: n }, steps: [{ type: repeat, count: 2, outputs: { x: nowhere }, steps: [{ type: wait, seconds: 1 }] }] }`,
  )
  expect(run.outcome).toBe('passed')
  expect(notesOf(run).filter((note) => note.includes('"nowhere"'))).toHaveLength(1)
})

test('the first failing iteration fails repeat, with the path to the step, and ignores expected_failure of repeat', async () => {
  const run = await runYaml(
    withContext(`
  - name: loop
    type: repeat
    count: 5
    expected_failure: true
    steps:
      - { name: 'inner {{iteration}}', ${call('node: n-1, method: nope').slice(2)}
`),
  )
  expect(run.failure?.steps).toEqual(['loop', 'iteration 1 of 5', 'inner 1'])
  expect(outcomesOf(run, 'loop')).toEqual(['failed'])
  expect(outcomesOf(run, 'inner 2')).toEqual([])
})

test('every kind nests: assertions, waits, parallel and repeat in each other', async () => {
  const run = await runYaml(
    withContext(`
  - type: repeat
    count: 2
    steps:
      - type: parallel
        groups:
          - steps:
              - ${call("node: n-1, method: set, args: { key: a, value: '{{iteration}}' }")}
              - { type: wait_for_sync, context_id: '{{context_id}}', nodes: [n-1, n-2] }
          - steps:
              - { type: repeat, count: 2, steps: [{ name: deep, type: assert, statements: ['is_set({{context_id}})'] }] }
      - { type: stop_node, nodes: n-2 }
      - { type: start_node, nodes: n-2 }
`),
  )
  expect(run.outcome).toBe('passed')
  expect(outcomesOf(run, 'deep')).toHaveLength(4)
})

const parallel = (more: string, groups: string) =>
  withContext(`  - { name: par, type: parallel${more}, groups: [${groups}] }`)
const good = (name: string) =>
  `{ name: ${name}, steps: [{ name: in ${name}, ${call('node: n-1, method: len').slice(2)}] }`
const bad = (name: string) =>
  `{ name: ${name}, steps: [{ name: in ${name}, ${call('node: n-1, method: nope').slice(2)}] }`
const long = (name: string) => `{ name: ${name}, count: 3, steps: [{ name: in ${name}, type: wait, seconds: 100 }] }`

test('groups of parallel run at the same time', async () => {
  const network = new FixtureNetwork()
  // Either group waits for the other: one after the other they would never end.
  const group = (own: string, other: string) =>
    `{ steps: [${call(`node: n-1, method: set, args: { key: ${own}, value: 1 }`)}, { type: wait_for_sync, nodes: [n-1, n-2], context_id: '{{context_id}}', expect: { method: get, args: { key: ${other} }, equals: { output: 1 } } }] }`
  const run = await runYaml(parallel('', `${group('a', 'b')}, ${group('b', 'a')}`), { network })
  expect(run.outcome).toBe('passed')
})

test('parallel sets counts and durations, also by name of the group, and runs a group count times', async () => {
  const run = await runYaml(parallel(', outputs: { groups: group_count }', `${good('x')}, ${long('y')}`))
  expect(run.variables.get('groups')).toBe(2)
  expect(run.variables.get('parallel_success_count')).toBe(2)
  expect(run.variables.get('parallel_failure_count')).toBe(0)
  expect(outcomesOf(run, 'in y')).toHaveLength(3)
  for (const name of ['overall_duration_ms', 'group_1_duration_ns', 'y_duration_seconds', 'x_duration_ms']) {
    expect(run.variables.has(name)).toBe(true)
  }
})

test('fail-slow lets the others end, and fails', async () => {
  const run = await runYaml(parallel('', `${bad('x')}, ${long('y')}, ${bad('z')}`))
  expect(outcomesOf(run, 'in y')).toEqual(['passed', 'passed', 'passed'])
  expect(run.failure?.message).toContain('2 of 3 groups failed')
  expect(run.failure?.steps).toEqual(['par', 'group x', 'in x'])
  expect(run.variables.get('parallel_failure_count')).toBe(2)
})

test('fail-fast cancels the others', async () => {
  const run = await runYaml(parallel(', failure_mode: fail-fast', `${long('y')}, ${bad('x')}`))
  expect(outcomesOf(run, 'in y')).toContain('cancelled')
  expect(run.failure?.steps).toEqual(['par', 'group x', 'in x'])
  expect(run.outcome).toBe('failed')
})

test('continue-on-error passes with one good group, and fails without', async () => {
  const one = await runYaml(parallel(', failure_mode: continue-on-error', `${good('x')}, ${bad('y')}`))
  expect(one.outcome).toBe('passed')
  expect(notesOf(one).join()).toContain('group y failed')
  const none = await runYaml(parallel(', failure_mode: continue-on-error', bad('y')))
  expect(none.outcome).toBe('failed')
})

test('wait takes its time', async () => {
  const run = await runYaml(
    '{ name: t, stop_all_nodes: true, nodes: { count: 1, prefix: n }, steps: [{ type: wait, seconds: 7, message: m }] }',
  )
  expect(run.clock.slept).toEqual([7000])
})

test('outputs of parallel are variables by their names, whatever else is called data, success or has a dot in it', async () => {
  const groups = 'groups: [{ name: g.1, steps: [{ type: wait, seconds: 1 }] }]'
  const outputs = 'outputs: { n: group_count, ms: g.1_duration_ms, one: list.0.a, all: { field: list } }'
  const names = 'data: { a: 1 }, success: false, error_type: x, list: [{ a: 7 }]'
  const run = await runYaml(withContext(`  - { type: parallel, vars: { ${names} }, ${groups}, ${outputs} }`))
  expect(run.failure?.message).toBeUndefined()
  expect(['n', 'ms', 'one', 'all'].map((name) => run.variables.get(name))).toMatchObject([1, {}, 7, [{ a: 7 }]])
  const missing = `${groups}, outputs: { n: group_cuont }`
  const none = await runYaml(withContext(`  - { type: parallel, vars: { ${names} }, ${missing} }`))
  expect(none.failure?.message).toBe(
    'output "n" reads "group_cuont", which is no variable here; did you mean "group_count"?',
  )
})

test('parallel sets what its outputs ask for as long as it passes, and what there is where it fails', async () => {
  const outputs = ', outputs: { ok: parallel_success_count }'
  const some = await runYaml(
    parallel(
      `, failure_mode: continue-on-error${outputs}`,
      "{ steps: [{ type: wait, seconds: 1 }] }, { steps: [{ type: assert, statements: ['1 == 2'] }] }",
    ),
  )
  expect(some.outcome).toBe('passed')
  expect(some.variables.get('ok')).toBe(1)
  const none = await runYaml(parallel(outputs, "{ steps: [{ type: assert, statements: ['1 == 2'] }] }"))
  expect(none.outcome).toBe('failed')
  expect(none.variables.get('ok')).toBe(0)
})
