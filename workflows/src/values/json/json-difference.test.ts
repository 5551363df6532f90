import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DIFFERENCES_MAX } from '../limits.ts'
import { pythonEqual } from '../python/python-equal.ts'
import { jsonValues } from './arbitrary-json.ts'
import { jsonDifferences } from './json-difference.ts'
import { parseLosslessJson } from './lossless-json.ts'

describe('the differences of two values', () => {
  test.each([
    ['{"a": {"b": [1, {"c": 2}]}}', '{"a": {"b": [1, {"c": 3}]}}', ['at a.b[1].c: left 2, right 3']],
    ['{"a": 1}', '{"b": 1}', ['at a: left 1, missing on the right', 'at b: missing on the left, right 1']],
    ['{"a": "5"}', '{"a": 5}', ['at a: left "5", right 5']],
    ['{"a b": null}', '{"a b": false}', ['at ["a b"]: left null, right false']],
    ['[1, 2]', '[1]', ['at [1]: left 2, missing on the right']],
    ['1', '2', []],
    ['{"a": 1}', '[1]', []],
  ])('%s and %s', (left, right, lines) => {
    expect(jsonDifferences(parseLosslessJson(left), parseLosslessJson(right), 'equal')).toEqual(lines)
  })

  test('of a subset are only what the left lacks', () => {
    const left = { a: 1, b: [1, 2], c: 5 }
    expect(jsonDifferences(left, { b: [2, 3], a: 2, d: 0 }, 'subset')).toEqual([
      'at b: no element of the left is 3',
      'at a: left 1, right 2',
      'at d: missing on the left, right 0',
    ])
  })

  test('are none where the values are equal, and never more than a few', () => {
    fc.assert(
      fc.property(jsonValues, jsonValues, (left, right) => {
        const found = jsonDifferences({ x: left }, { x: right }, 'equal')
        expect(found.length > 0).toBe(!pythonEqual(left, right))
        expect(found.length).toBeLessThanOrEqual(DIFFERENCES_MAX)
      }),
    )
  })
})
