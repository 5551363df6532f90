import { expect, test } from 'vitest'
import { runYaml, withContext, type YamlRun } from '../../testing/run-yaml.ts'
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

test('too few true statements fail it, with what failed most and the seed', async () => {
  const run = await runYaml(fuzz('max_operations: 20\n    success_threshold: 99\n    seed: 7'))
  const lines = run.failure?.message.split('\n') ?? []
  expect(lines[0]).toMatch(/^\d+\.\d % of the statements were true, 99 % were asked for \(seed 7\):$/)
  expect(lines.join('\n')).toMatch(/ {2}broken: \d+ times, 0 of \d+ true\n {4}\d+ × 1 == 2\n {4}\d+ steps failed/)
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
