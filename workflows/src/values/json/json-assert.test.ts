import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Variables } from '../variables.ts'
import { evaluateJsonAssert } from './json-assert.ts'
import { JsonFloat } from './json-value.ts'

const variables = new Variables([
  ['i', 5],
  ['s', '5'],
  ['b', true],
  ['n', null],
  ['l', [{ id: 'abc' }, { id: 'd' }]],
  ['ids', ['abc']],
  ['id', 'abc'],
  ['d', { output: 'v' }],
  ['deep', { output: { a: 1, b: [1, 2, 3], c: { x: true } } }],
  ['st', 'hello'],
  ['f', new JsonFloat(5)],
  ['big', 2n ** 64n - 1n],
])

const cases: [string, boolean][] = [
  ['equal({{i}}, "5")', true],
  ['equal("{{s}}", "5")', false],
  ['equal("{{id}}", "abc")', true],
  ['equal({{b}}, True)', false],
  ['equal("{{b}}", "True")', true],
  ['json_equal({{n}}, null)', true],
  ['json_equal({{b}}, true)', true],
  ['json_equal({{b}}, 1)', true],
  ["json_equal({{d}}, {'output':'v'})", false],
  ['json_equal({{d}}, {"output": "v"})', true],
  ['json_equal({{st}}, hello)', true],
  ['json_equal({{ids}}, ["{{id}}"])', true],
  ['json_subset({{d}}, {})', true],
  ['json_subset({{l}}, [])', true],
  ['{{i}} == 5', false],
  ['json_equal({{i}}, 5)', true],
  ['json_equal({{f}}, 5)', true],
  ['json_equal({{i}}, 5.0)', true],
  ['json_equal({{s}}, 5)', true],
  ['json_equal({{big}}, 18446744073709551615)', true],
  ['json_equal({{big}}, 18446744073709551616)', false],
  ['JSON_EQUAL({{st}}, "hello")', true],
  ['json_not_equal({{st}}, x)', true],
  ['not_equal({{st}}, hello)', false],
  ['json_subset({{deep}}, {"output": {"a": 1, "c": {"x": true}}})', true],
  ['json_subset({{deep}}, {"output": {"b": [3, 1]}})', true],
  ['json_subset({{deep}}, {"output": {"b": [4]}})', false],
  ['json_subset({{deep}}, {"other": null})', false],
  ['subset({{l}}, [{"id": "d"}])', true],
  ['subset([{"a": 1, "b": 2}], [{"a": 1}])', false],
  ['subset([1, 2], [1, 1])', true],
  ['subset({{i}}, 5)', true],
  ['subset({{d}}, [])', false],
  ['json_equal({"a": 1, "b": 2}, {"b": 2, "a": 1})', true],
  ['json_equal([1, [2, 3]], [1, [2, 3]])', true],
  ['json_equal("a,b", "a,b")', true],
  ['json_equal("a\\",b", "a\\",b")', true],
  ["json_equal('a,b', 'a,b')", false],
  ['json_equal({{nope}}, {{nope}})', false],
  ['json_equal({{i}})', false],
  ['json_equal({{d}}, {"output": "{{nope}}"})', false],
  ['json_equal({"output": "v"}, {{d}})', true],
  ['contains({{st}}, ell)', false],
  ['', false],
]

describe('json_assert', () => {
  test.each(cases)('%s is %s', (statement, passed) => {
    expect(evaluateJsonAssert(statement, variables).passed).toBe(passed)
  })

  test('says what was compared', () => {
    expect(evaluateJsonAssert('json_equal({{d}}, {"output": null})', variables)).toEqual({
      statement: 'json_equal({{d}}, {"output": null})',
      passed: false,
      left: '{"output":"v"}',
      operator: 'equals',
      right: '{"output":null}',
      hints: ['at output: left "v", right null'],
    })
  })

  test('says why nothing could be compared', () => {
    expect(evaluateJsonAssert('equal({{nope}}, 1)', variables).reason).toContain('{{nope}} is not set')
    expect(evaluateJsonAssert('is_set({{i}})', variables).reason).toContain('json_equal(A, B)')
  })

  test('no statement makes it throw', () => {
    const pieces = fc.constantFrom(
      'equal(',
      'subset(',
      ')',
      ',',
      '{{i}}',
      '{{nope}}',
      '"',
      '\\',
      '[',
      ']',
      '{',
      '}',
      'x',
    )
    fc.assert(fc.property(fc.array(pieces), (parts) => void evaluateJsonAssert(parts.join(''), variables)))
  })
})
