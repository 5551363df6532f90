import { expect, test } from 'vitest'
import { notesOf, runYaml, withContext } from '../../testing/run-yaml.ts'

const after = (step: string) =>
  withContext(
    `  - { type: call, node: n-1, context_id: '{{context_id}}', method: echo, args: { a: 1, b: x }, outputs: { v: result.output } }\n  - ${step}`,
  )

test('assert judges all statements and explains each that does not hold', async () => {
  const run = await runYaml(
    after(
      "{ type: assert, statements: ['is_set({{v}})', '{{v}} == 2', { statement: 'contains({{v}}, nothing)', message: 'b is {{app_id}}' }, 'is_set({{nope}})'] }",
    ),
  )
  expect(run.failure?.code).toBe('assertion')
  expect(run.failure?.message.split('\n')).toEqual([
    '3 of 4 statements do not hold:',
    '  {{v}} == 2',
    '    left:  {"a":1,"b":"x"}',
    '    right: "2"',
    "    compared as the texts {'a': 1, 'b': 'x'} and 2",
    '  b is app-of-app.wasm',
    '    contains({{v}}, nothing)',
    '    left:  {"a":1,"b":"x"}',
    '    right: "nothing"',
    "    compared as the texts {'a': 1, 'b': 'x'} and nothing",
    '  is_set({{nope}})',
    expect.stringContaining('nope'),
  ])
})

test('json_assert compares values, in any order of keys', async () => {
  const good = after(
    `{ type: json_assert, statements: ['json_equal({{v}}, {"b": "x", "a": 1})', 'json_subset({{v}}, {"a": 1.0})'] }`,
  )
  expect((await runYaml(good)).outcome).toBe('passed')
  const bad = await runYaml(after(`{ type: json_assert, statements: ['json_equal({{v}}, {"a": 1})'] }`))
  expect(bad.failure?.message).toContain('\n    at b: left "x", missing on the right')
})

test('non_blocking reports failures and passes; expected_failure has no role', async () => {
  const soft = await runYaml(after("{ type: assert, non_blocking: true, statements: ['1 == 2'] }"))
  expect(soft.outcome).toBe('passed')
  expect(notesOf(soft).join()).toContain('1 == 2')
  const hard = await runYaml(after("{ type: assert, expected_failure: true, statements: ['1 == 2'] }"))
  expect(hard.outcome).toBe('failed')
})
