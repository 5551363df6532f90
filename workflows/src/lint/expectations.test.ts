import { expect, test } from 'vitest'
import { lintWorkflow } from './lint.ts'
import { fileWith, linted, places } from './sample-lint.ts'

const assert = (text: string, more = '') => `- { type: assert, statements: ['${text.replaceAll("'", "''")}']${more} }`
const info = `- { type: get_group_info, node: a, group_id: '{{ns}}', outputs: { n: memberCount } }`

test.each([
  ['equal({{n}}, 5)', 'never true'],
  ['equal(5, {{n}})', 'never true'],
  ['not_equal({{n}}, 5)', 'always true'],
  ['{{n}} == true', 'never true'],
  ['{{n}} == null', 'never true'],
  ['equal({{n}}, true)', 'never true'],
  [`{{n}} == '{{ns}}'`, 'never true'],
  [`not_equal({{n}}, "{{ns}}")`, 'always true'],
])('%s is %s', (text, verdict) => {
  const [found = '', ...more] = linted(`${info}\n${assert(text)}`)
  expect(more).toEqual([])
  expect(found).toMatch(`6 statement-never-true ${verdict}: `)
})

test.each([
  '{{n}} == 5',
  '{{n}} == True',
  'equal({{n}}, {{ns}})',
  'equal({{n}}, open)',
  "equals({{n}}, 'open')",
  `'{{n}}' == '{{ns}}'`,
  'equal({{ns}}, 5)',
  "contains({{n}}, '{{ns}}')",
  'equal({{n}}, infinity)',
])('%s may be true', (text) => {
  expect(places(`${info}\n${assert(text)}`, ['statement-never-true'])).toEqual([])
})

test('json_assert compares JSON: the words and quotes of Python are text', () => {
  const json = (text: string) =>
    places(`${info}\n- { type: json_assert, statements: ['${text.replaceAll("'", "''")}'] }`, ['statement-never-true'])
  for (const text of [
    'json_equal({{n}}, True)',
    "equal({'a': 1}, {{n}})",
    "json_subset({{n}}, ['a'])",
    'json_not_equal({{n}}, None)',
  ]) {
    expect([text, json(text)]).toEqual([text, ['6 statement-never-true']])
  }
  for (const text of [
    'json_equal({{n}}, true)',
    'json_equal({{n}}, {"a": "True"})',
    'json_equal({{ns}}, True)',
    'equal("{{n}}", "True")',
  ]) {
    expect([text, json(text)]).toEqual([text, []])
  }
})

test('a statement without a variable is always the same', () => {
  expect(linted(assert('1 == 1'))).toEqual(['5 constant-statement this is always true: it checks nothing'])
  expect(linted(assert('ctx == app'))).toEqual(['5 constant-statement this is never true: the step always fails'])
  expect(linted(`- { type: json_assert, statements: ['json_equal(1, 1)'] }`)).toEqual([
    '5 constant-statement this is always true: it checks nothing',
  ])
})

test('a statement that is never true is an error where the file cannot pass', () => {
  const never = assert('1 == 2')
  const severities = (steps: string) =>
    lintWorkflow({ file: 'w.yml', text: fileWith(steps) }).findings.map(({ severity }) => severity)
  expect(severities(never)).toEqual(['error'])
  expect(severities(`- { type: repeat, count: 2, steps: [${never.slice(2)}] }`)).toEqual(['error'])
  expect(severities(assert('1 == 2', ', non_blocking: true'))).toEqual(['note'])
  expect(severities(assert('1 == 2', ", if: '{{ctx}} == x'"))).toEqual(['note'])
  expect(severities(`- { type: block, if: '{{ctx}} == x', steps: [${never.slice(2)}] }`)).toEqual(['note'])
  expect(severities(assert('1 == 1'))).toEqual(['note'])
})

test('a call that may succeed is looked at, by its captures or its long names', () => {
  const call = (more: string) =>
    `- { type: call, node: a, context_id: '{{ctx}}', method: set, args: {}, expected_failure: true${more} }`
  expect(places(call(''))).toEqual(['5 unproven-failure'])
  expect(places(call(', expected_error: denied'))).toEqual(['5 unproven-failure'])
  expect(places(`${call('')}\n${assert('is_set({{execute_a_set_error_type}})')}`)).toEqual([])
  expect(places(`${call(', outputs: { e: error_type }')}\n${assert('is_set({{e}})')}`)).toEqual([])
  expect(places(call(', outputs: { r: result, e: error_type }'), ['unproven-failure'])).toEqual([])
})

test('expected_failure where it has no meaning', () => {
  expect(places(`- { type: wait, seconds: 1, expected_failure: true }`)).toEqual(['5 ignored-expected-failure'])
  expect(places(`- { type: delete_group, node: a, group_id: '{{ns}}', expected_failure: true }`)).toEqual([])
})

test('what stands behind a step that always fails is never reached', () => {
  const broken = `- { type: register_group_signing_key, node: a, group_id: '{{ns}}', signing_key: x }`
  const check = assert('is_set({{ctx}})')
  const unreachable = (steps: string) => places(steps, ['unreachable-expectation'])
  expect(unreachable(`${broken}\n- { type: wait, seconds: 1 }\n${check}\n${check}`)).toEqual([
    '7 unreachable-expectation',
  ])
  expect(unreachable(`${check}\n${broken}`)).toEqual([])
  expect(unreachable(`- { type: repeat, count: 1, steps: [${broken.slice(2)}] }\n${check}`)).toEqual([
    '6 unreachable-expectation',
  ])
  expect(unreachable(`- { type: repeat, count: 1, steps: [${broken.slice(2)}, ${check.slice(2)}] }`)).toEqual([
    '5 unreachable-expectation',
  ])
  expect(unreachable(`${broken.replace(' }', ", if: '{{ctx}} == 1' }")}\n${check}`)).toEqual([])
  const groups = `- { type: parallel, failure_mode: continue-on-error, groups: [{ steps: [${broken.slice(2)}] }] }`
  expect(unreachable(`${groups}\n${check}`)).toEqual([])
})

test('outputs of a kind that captures nothing', () => {
  expect(places(`- { type: wait, seconds: 1, outputs: { a: b } }`)).toEqual(['5 ignored-outputs'])
})
