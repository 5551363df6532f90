import { expect, test } from 'vitest'
import { COMPARISONS_SHOWN_MAX } from '../limits.ts'
import { comparisonLines } from './comparison-lines.ts'
import { pairLines } from './line-diff.ts'
import { plainPaint } from './paint.ts'

const lines = (comparison: object, columns = 100) =>
  comparisonLines([{ statement: 's', ...comparison }], plainPaint, columns)

test('short values stand one below the other, with a mark where they begin to differ', () => {
  const hints = ['at output: left "hallo", right "hello"']
  expect(lines({ operator: 'equals', left: '{"output":"hallo"}', right: '{"output":"hello"}', hints })).toEqual([
    's',
    '  left   {"output":"hallo"}',
    '  right  {"output":"hello"}',
    '                     ^',
    '  at output: left "hallo", right "hello"',
  ])
  expect(lines({ operator: 'contains', left: '"ab"', right: '"ac"' })).toEqual(['s', '  left   "ab"', '  right  "ac"'])
})

test('nested JSON stands side by side, in the same order of keys, equal parts far away folded', () => {
  const rest = Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`k${at}`, at]))
  const left = JSON.stringify({ user: { name: 'Ann', age: 5, tags: ['a', 'b'] }, rest })
  const right = JSON.stringify({ rest, user: { tags: ['a'], age: 6, name: 'Ann', extra: null } })
  expect(lines({ operator: 'equals', left, right })).toEqual([
    's',
    '    left               right',
    '    {                  {',
    '      "user": {          "user": {',
    '        "name": "Ann"      "name": "Ann"',
    '  ≠     "age": 5           "age": 6',
    '        "tags": [          "tags": [',
    '          "a"                "a"',
    '  ≠       "b"',
    '        ]                  ]',
    '  ≠                        "extra": null',
    '      }                  }',
    '      "rest": {          "rest": {',
    '    ⋮ 10 equal lines',
  ])
})

test('of long texts the part that differs is shown', () => {
  const left = JSON.stringify({ text: `${'x'.repeat(200)}A` })
  const right = JSON.stringify({ text: `${'x'.repeat(200)}B` })
  const row = lines({ operator: 'equals', left, right }, 80).find((line) => line.includes('≠'))
  expect(row).toMatch(/A" +…x+B"$/)
})

test('what cannot be compared says why, and control characters are shown', () => {
  expect(lines({ reason: '{{x}} is not set', label: 'my words' })).toEqual(['my words', 's', '  {{x}} is not set'])
  expect(lines({ left: 'null', operator: 'is set' })).toEqual(['s', '  not true: null is set'])
  expect(lines({ operator: '==', left: '"\u001b[31m"', right: '"a"' })[1]).toBe('  left   "␛[31m"')
  const many = Array.from({ length: COMPARISONS_SHOWN_MAX + 2 }, () => ({ statement: 's', reason: 'r' }))
  expect(comparisonLines(many, plainPaint, 80).at(-1)).toBe('and 2 more')
})

test('lines are paired by what they have in common', () => {
  expect(pairLines(['a', 'b', 'c'], ['a', 'x', 'c', 'd'])).toEqual([
    { left: 'a', right: 'a' },
    { left: 'b', right: 'x' },
    { left: 'c', right: 'c' },
    { right: 'd' },
  ])
  expect(pairLines([], ['a'])).toEqual([{ right: 'a' }])
})

test('what values, hints and statements hold is shown, never obeyed', () => {
  const nasty = 'a\u202eb\u001b[31m'
  const shown = [
    ...lines({ statement: nasty, label: nasty, operator: 'equals', left: nasty, right: 'b', hints: [nasty] }),
    ...lines({ reason: nasty }),
    ...lines({ left: nasty, operator: 'is set' }),
  ]
  expect(shown.join('')).not.toMatch(/\p{Cc}|\u202e/u)
})
