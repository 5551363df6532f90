import { describe, expect, test } from 'vitest'
import { planWorkflow } from '../../plan/plan.ts'
import { runYaml, withContext, type YamlRun } from '../../testing/run-yaml.ts'
import { stepSchemas } from '../registry.ts'
import { fillGenerators } from './generators.ts'
import { seededRandom } from './seeded-random.ts'

const fuzz = (more: string) =>
  withContext(`
  - type: fuzzy_test
    duration_minutes: 1
    context_id: '{{context_id}}'
    nodes: [{ name: n-1 }, { name: n-2 }]
    ${more}
    operations:
      - name: set_and_get
        weight: 3
        steps:
          - { type: call, node: '{{random_node}}', context_id: '{{context_id}}', method: set, args: { key: 'k{{random_int(1, 1000)}}', value: 'v{{random_string(4)}}' } }
          - { type: call, node: '{{random_node}}', context_id: '{{context_id}}', method: get, args: { key: '{{fuzzy_key}}' }, outputs: { got: result } }
          - { type: assert, statements: [{ statement: 'contains({{got}}, {{_fuzzy_args_value}})', message: read back }] }
      - name: broken
        steps:
          - { type: call, node: n-1, context_id: '{{context_id}}', method: nope }
          - { type: assert, statements: ['1 == 2'] }
`)

function calls(run: YamlRun): unknown[] {
  return ['n-1', 'n-2'].flatMap((name) =>
    run.network
      .node(name)
      .requests.filter(({ path }) => path === '/jsonrpc')
      .map(({ body }) => body),
  )
}

test('the same seed does the same operations; a failing step is counted and the others go on', async () => {
  const some = fuzz('max_operations: 20\n    success_threshold: 10\n    seed: 7')
  const first = await runYaml(some)
  const again = await runYaml(some)
  const other = await runYaml(some, { seed: 'another' })
  expect(first.outcome).toBe('passed')
  expect(calls(again)).toEqual(calls(first))
  expect(calls(other)).not.toEqual(calls(first))
  expect(first.variables.get('fuzzy_test_total_patterns')).toBe(20)
  expect(first.variables.get('fuzzy_test_total_assertions')).toBe(20)
  expect(first.variables.has('got')).toBe(false)
  const notes = first.events.flatMap((event) => (event.type === 'step:note' ? event.message : []))
  expect(notes[0]).toContain('seed 7')
})

test('each iteration, entry and group does other operations, and the same again with the same seed', async () => {
  const set =
    "{ type: call, node: n-1, context_id: '{{context_id}}', method: set, args: { key: k, value: '{{uuid}}' } }"
  const step = `type: fuzzy_test, duration_minutes: 1, max_operations: 1, context_id: c, nodes: [{ name: n-1 }],
      operations: [{ name: o, steps: [${set}, { type: assert, statements: ['1 == 1'] }] }]`
  const text = withContext(`
  - { type: repeat, count: 2, steps: [{ type: repeat, count: 2, steps: [{ ${step} }] }] }
  - { for_each: [a, a], ${step} }
  - { type: parallel, groups: [{ count: 2, steps: [{ type: block, steps: [{ ${step} }] }] }] }`)
  const values = (run: YamlRun) => calls(run).map((body) => JSON.stringify(body).match(/"value":"([^"]+)"/)?.[1])
  const first = values(await runYaml(text, { seed: '7' }))
  expect([first.length, new Set(first).size]).toEqual([8, 8])
  expect(values(await runYaml(text, { seed: '7' })).sort()).toEqual(first.sort())
})

test('too few true statements fail it, with what failed most and the seed', async () => {
  const run = await runYaml(fuzz('max_operations: 20\n    success_threshold: 99\n    seed: 7'))
  const lines = run.failure?.message.split('\n') ?? []
  expect(lines[0]).toMatch(/^\d+\.\d % of the statements were true, 99 % were asked for \(seed 7\):$/)
  expect(lines.join('\n')).toMatch(
    / {2}broken: \d+ times, 0 of \d+ true\n {4}\d+ × 1 == 2, line 35\n {4}\d+ steps failed/,
  )
})

test('as many true statements as were asked for are enough', async () => {
  const steps = "[{ type: assert, statements: ['1 == 1', '1 == 2'] }]"
  const half = (threshold: number) =>
    runYaml(
      withContext(
        `  - { type: fuzzy_test, duration_minutes: 1, max_operations: 3, context_id: c, nodes: [{ name: n-1 }], success_threshold: ${threshold}, operations: [{ name: half, steps: ${steps} }] }`,
      ),
    )
  expect([(await half(50)).outcome, (await half(50.1)).outcome]).toEqual(['passed', 'failed'])
})

test('it ends with its time, and without a judged statement nothing was shown', async () => {
  const run = await runYaml(
    withContext(`
  - type: fuzzy_test
    duration_minutes: 0.05
    context_id: '{{context_id}}'
    operation_delay_ms: 500
    nodes: [{ name: n-1 }]
    operations: [{ name: only, extra: 1, steps: [{ type: wait, seconds: 1 }] }]
`),
  )
  expect(run.failure?.message).toContain('no statement was judged')
  expect(run.variables.get('fuzzy_test_total_patterns')).toBe(2)
})

test('generators give texts, and leave alone what they do not know', () => {
  const random = seededRandom('x')
  const fill = (text: string) => fillGenerators(text, random)
  expect(fill('a{{random_int(5, 5)}}b')).toBe('a5b')
  expect(fill('{{random_string(8)}}')).toMatch(/^[A-Za-z0-9]{8}$/)
  expect(fill('{{random_float(1, 2)}}')).toMatch(/^1\.\d+$/)
  expect(fill('{{random_choice([\'x\', "x"])}}')).toBe('x')
  expect(fill('{{timestamp}}')).toMatch(/^\d{10}$/)
  expect(fill('{{uuid}}')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  const kept = [
    '{{other}}',
    '{{random_int(1)}}',
    '{{random_int(a, b)}}',
    '{{random_int(9, 1)}}',
    '{{random_string(-1)}}',
  ]
  expect(kept.map(fill)).toEqual(kept)
  expect(fillGenerators({ '{{uuid}}': ['{{random_int(1, 1)}}', 5] }, random)).toEqual({ '{{uuid}}': ['1', 5] })
})

test('chance covers its range', () => {
  const random = seededRandom('range')
  const seen = new Set(Array.from({ length: 200 }, () => random.int(1, 6)))
  expect([...seen].sort()).toEqual([1, 2, 3, 4, 5, 6])
})

test('what a call expects counts as a statement, whether it holds or not', async () => {
  const run = await runYaml(
    withContext(`
  - type: fuzzy_test
    duration_minutes: 1
    context_id: '{{context_id}}'
    nodes: [{ name: n-1 }]
    max_operations: 10
    seed: 1
    success_threshold: 40
    operations:
      - name: read
        steps:
          - { type: call, node: n-1, context_id: '{{context_id}}', method: len, expect: ['{{output}} == 0', '{{output}} == 1'] }
`),
  )
  expect(run.outcome).toBe('passed')
  expect(run.variables.get('fuzzy_test_assertions_passed')).toBe(10)
  expect(run.variables.get('fuzzy_test_assertions_failed')).toBe(10)
})

describe('at whatever depth', () => {
  const operations = (steps: string, more = '') =>
    withContext(`
  - type: fuzzy_test
    duration_minutes: 1
    context_id: '{{context_id}}'
    nodes: [{ name: n-1 }]
    max_operations: 2
    seed: 1
    success_threshold: 1
    ${more}
    operations:
      - name: o
        steps:
          - { type: assert, statements: ['1 == 1'] }
${steps}`)
  const countsOf = (run: YamlRun) =>
    ['assertions_passed', 'assertions_failed'].map((name) => run.variables.get(`fuzzy_test_${name}`))
  const count = async (steps: string) => countsOf(await runYaml(operations(steps)))

  test('statements are counted, in blocks, loops and groups', async () => {
    const steps = `
          - { type: block, steps: [ { type: assert, statements: ['1 == 2', '1 == 1'] }, { type: assert, statements: ['1 == 1'] } ] }
          - { type: repeat, count: 2, steps: [ { type: json_assert, statements: ['json_equal(1, 3)'] } ] }
          - { type: parallel, groups: [ { steps: [ { type: block, steps: [ { type: assert, statements: ['1 == 4'] } ] } ] } ] }
          - { type: assert, for_each: [1, 2], statements: ['{{item}} == 1'] }`
    expect(await count(steps)).toEqual([2 * (1 + 1 + 1 + 1), 2 * (1 + 2 + 1 + 1)])
  })

  test('variables and entries of a step are set before its texts are filled in', async () => {
    const steps = `
          - { type: assert, vars: { z: '{{random_int(3, 3)}}' }, statements: ['{{z}} == 3'] }
          - { type: assert, for_each: [7], statements: ['{{item}} == 7'] }
          - { type: block, if: '{{random_int(1, 1)}} == 1', steps: [ { type: assert, statements: ['{{random_int(1, 1)}} == 1'] } ] }`
    expect(await count(steps)).toEqual([2 * 4, 0])
  })

  test('a step that is tried again is judged by its last try, and what is inside it with it', async () => {
    const steps = `
          - { type: assert, eventually: 1, statements: ['1 == 2'] }
          - { type: block, retry: 2, steps: [ { type: assert, statements: ['1 == 1'] }, { type: assert, statements: ['1 == 2'] } ] }
          - { type: assert, statements: ['1 == 1'] }`
    expect(await count(steps)).toEqual([2 * 3, 2 * 2])
  })

  test('a step that only checks is one statement, and one that cannot be judged is not true', async () => {
    const steps = `
          - { type: assert_log_present, nodes: [n-1], patterns: ['nobody wrote this'] }
          - { type: assert_log_absent, nodes: [n-1], patterns: ['nobody wrote this'] }
          - { type: assert, statement: ['1 == 1'] }`
    expect(await count(steps)).toEqual([2 * 2, 2 * 2])
  })

  test('a call that fails is counted once, where it is', async () => {
    const call = "{ type: call, node: n-1, context_id: '{{context_id}}', method: nope }"
    const run = await runYaml(operations(`          - { type: block, steps: [ { type: block, steps: [ ${call} ] } ] }`))
    const ends = run.events.filter((event) => event.type === 'step:end' && event.step.depth === 0)
    expect(ends.at(-1)).toMatchObject({ summary: '2 operations, 100.0 % of 2 statements true, 2 failed steps, seed 1' })
  })

  test('the same seed makes the same in loops and groups, and each time something else', async () => {
    const set =
      "{ type: call, node: n-1, context_id: '{{context_id}}', method: set, args: { key: a, value: '{{uuid}}' } }"
    const text = operations(
      `          - { type: parallel, groups: [ { count: 2, steps: [ ${set} ] }, { steps: [ { type: repeat, count: 2, steps: [ ${set} ] } ] } ] }`,
    )
    const made = (run: YamlRun) =>
      calls(run)
        .map((body) => JSON.stringify(body).match(/"value":"([^"]+)"/)?.[1])
        .sort()
    const first = made(await runYaml(text))
    expect(new Set(first).size).toBe(8)
    expect(made(await runYaml(text))).toEqual(first)
  })
})

test('below fuzzy_test a step that cannot be run is in the plan and fails; a type that nobody knows is an error', () => {
  const planned = (step: string) => {
    const fuzzy = `{type: fuzzy_test, duration_minutes: 1, context_id: c, nodes: [{name: a-1}], operations: [{name: o, steps: [${step}]}]}`
    const text = `{ name: t, nodes: { count: 1, prefix: a }, steps: [${fuzzy}] }`
    const { plan, problems } = planWorkflow({ file: 'f', text, kinds: stepSchemas })
    return { problems: problems.map(({ severity }) => severity), steps: plan?.steps[0]?.branches[0]?.steps }
  }
  const misspelt = planned("{type: assert, statement: ['1 == 2']}")
  expect(new Set(misspelt.problems)).toEqual(new Set(['warning']))
  expect(misspelt.steps).toMatchObject([{ kind: 'assert', flaw: expect.stringContaining('"statements"') }])
  expect(planned('{type: wait, seconds: 1, comment: x}').steps?.[0]?.flaw).toBeUndefined()
  expect(planned("{type: asert, statements: ['1 == 2']}")).toEqual({ problems: ['error'], steps: undefined })
})
