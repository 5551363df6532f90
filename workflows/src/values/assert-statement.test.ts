import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { evaluateAssertStatement } from './assert-statement.ts'
import { explainStatement } from './statement-result.ts'
import { Variables } from './variables.ts'

const variables = new Variables([
  ['i', 5],
  ['s', '5'],
  ['b', true],
  ['n', null],
  ['l', [{ id: 'abc' }, { id: 'd' }]],
  ['id', 'abc'],
  ['d', { output: 'v' }],
  ['st', 'hello'],
  ['big', 2n ** 64n - 1n],
  ['empty', ''],
  ['zero', 0],
  ['no', false],
  ['el', []],
  ['em', {}],
  ['a1', 'x'],
  ['a2', 'y'],
  ['i64', -(2n ** 63n)],
  ['f32', 2.71825],
  ['quotes', "''"],
])

const cases: [string, boolean][] = [
  ['equal({{i}}, 5)', false],
  ['equal({{s}}, 5)', true],
  ['equal({{i}}, {{s}})', false],
  ['equal({{i}}, {{i}})', true],
  ['{{i}} == 5', true],
  ['{{s}} == 5', true],
  ['{{b}} == 1', true],
  ['1 == 1.0', true],
  ['{{b}} == True', true],
  ['{{b}} == true', false],
  ['{{n}} == None', true],
  ['{{n}} == null', false],
  ["{{d}} == {'output': 'v'}", true],
  ["equal({{d}}, {'output': 'v'})", false],
  ["contains({{l}}, '{{id}}')", true],
  ['contains({{l}}, "{{id}}")', false],
  ['contains({{l}}, {{id}})', true],
  ["contains({{st}}, 'a, b')", false],
  ['regex({{st}}, ^h{1,2})', false],
  ["equal('a,b', 'a,b')", false],
  ['{{big}} == 18446744073709551616', true],
  ["{{empty}} == ''", true],
  ["{{st}} != ''", true],
  ['{{st}} == hello == hello', false],
  ["CONTAINS({{st}}, 'ell')", true],
  ["equal({{st}},'hello')", true],
  ['is_set({{nope}})', false],
  ["not_contains({{nope}}, 'x')", false],
  ['prefix_{{nope}} == 5', false],
  ['{{a1}}-{{a2}} == x-y', false],
  ['{{i64}} == -9223372036854775808', true],
  ['{{f32}} == 2.71825', true],
  ['equals({{st}}, hello)', true],
  ["not_equal({{st}}, 'x')", true],
  ['not_equals({{st}}, hello)', false],
  ['not_equal({{i}}, 5)', true],
  ['is_set({{st}})', true],
  ['is_set({{zero}})', true],
  ['is_set({{no}})', true],
  ['is_set({{n}})', false],
  ['is_set({{empty}})', false],
  ['is_set({{el}})', false],
  ['is_set({{em}})', false],
  ['is_set()', false],
  ['is_empty({{n}})', true],
  ['is_empty({{empty}})', true],
  ['is_empty({{el}})', true],
  ['is_empty({{em}})', true],
  ['is_empty([])', true],
  ['is_empty({})', true],
  ["is_empty('')", true],
  ['is_empty({{quotes}})', true],
  ['is_empty({{zero}})', false],
  ['is_empty({{no}})', false],
  ['is_empty({{st}})', false],
  ["not_contains({{st}}, 'x')", true],
  ["not_contains({{st}}, 'ell')", false],
  ["contains({{st}}, '')", true],
  ['contains({{d}}, True)', false],
  ['contains({{b}}, ru)', true],
  ["regex({{st}}, '^h.*o$')", true],
  ['regex({{st}}, ell)', true],
  ['regex({{st}}, ^ell)', false],
  ['regex({{i}}, ^\\d$)', true],
  ['{{i}} > 4', true],
  ['{{i}} >= 5', true],
  ['{{i}} < 5', false],
  ['{{i}} <= 5', true],
  ['10 > 9', true],
  ['b10 > b9', false],
  ['abc < abd', true],
  ['1_0 == 10', true],
  ['nan == nan', false],
  ['inf > 5', true],
  ['5 != 5.0', false],
  ['  {{i}}  ==  5  ', true],
  ['exists({{st}})', false],
  ['{{i}}==5', false],
  ['true', false],
  ['', false],
  ['equal({{i}})', false],
  ['contains({{st}})', false],
  ["regex({{st}}, '(')", false],
]

describe('assert', () => {
  test.each(cases)('%s is %s', (statement, passed) => {
    expect(evaluateAssertStatement(statement, variables).passed).toBe(passed)
  })

  test('says what was compared', () => {
    const result = evaluateAssertStatement('equal({{i}}, 5)', variables)
    expect(result).toMatchObject({ left: '5', right: '"5"', operator: 'equals', passed: false })
    expect(explainStatement(result)).toBe('not true: 5 equals "5"')
    expect(result.hints).toBeUndefined()
  })

  test('says which texts were compared where they are not what JSON shows', () => {
    const flags = new Variables([['yes', true]])
    expect(evaluateAssertStatement('{{yes}} == true', flags)).toMatchObject({
      passed: false,
      left: 'true',
      right: '"true"',
      hints: ['compared as the texts True and true'],
    })
    expect(explainStatement(evaluateAssertStatement('is_set({{n}})', variables))).toBe('null is not set')
  })

  test.each([
    ['is_set({{nope}})', '{{nope}} is not set'],
    ['contains(a, b, c)', 'split at every comma'],
    ['equal(a)', 'two operands are needed, found one'],
    ['exists(x)', 'not a statement this step knows'],
    ["regex(a, '(?>x)')", 'unsupported here'],
  ])('%s says why it could not compare', (statement, reason) => {
    expect(evaluateAssertStatement(statement, variables).reason).toContain(reason)
  })

  test('cuts long values', () => {
    const long = new Variables([['v', 'x'.repeat(10_000)]])
    expect(evaluateAssertStatement("{{v}} == ''", long).left).toMatch(/… \(10002 characters\)$/)
  })

  test('no statement makes it throw', () => {
    const pieces = fc.constantFrom(
      'equal(',
      'regex(',
      'is_set(',
      ')',
      ',',
      ' == ',
      '{{i}}',
      '{{nope}}',
      "'",
      '[',
      '(?',
      '\\',
      '*',
      'x',
    )
    fc.assert(fc.property(fc.array(pieces), (parts) => void evaluateAssertStatement(parts.join(''), variables)))
  })
})
