import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JsonFloat, type JsonValue } from '../../values/json/json-value.ts'
import { pythonEqual } from '../../values/python/python-equal.ts'
import { repeatedValues } from './repeated-values.ts'

test('values are the same as they are in statements', () => {
  const values = [
    1,
    'a',
    true,
    new JsonFloat(1),
    '1',
    null,
    'null',
    'a',
    [1, 'a'],
    [true, 'a'],
    { a: 1, b: 2 },
    { b: 2, a: 1 },
  ]
  expect(repeatedValues(values)).toEqual([2, 3, 7, 9, 11])
  expect(
    repeatedValues([9007199254740993n, 9007199254740992n, new JsonFloat(Number.NaN), new JsonFloat(Number.NaN), -0, 0]),
  ).toEqual([5])
})

test('any list, as by comparing each with each', () => {
  const scalar = fc.oneof(
    fc.integer({ min: -1, max: 2 }),
    fc.boolean(),
    fc.constantFrom('', 'a', '1'),
    fc.constant(null),
  )
  const value = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      scalar,
      fc.array(tie('value'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b'), tie('value')),
    ),
  })).value
  fc.assert(
    fc.property(fc.array(value, { maxLength: 12 }), (values) => {
      const slow = values.flatMap((each, at) =>
        values.findIndex((other) => pythonEqual(other, each)) < at ? [at] : [],
      )
      expect(repeatedValues(values)).toEqual(slow)
    }),
  )
})

test('a long list is not compared value by value', () => {
  let reads = 0
  const value = (name: string): JsonValue => {
    const list: JsonValue[] = [name]
    return new Proxy(list, {
      get: (target, key) => {
        reads += 1
        return Reflect.get(target, key)
      },
    })
  }
  const count = 1000
  expect(repeatedValues(Array.from({ length: count }, (_, at) => value(`n${at}`)))).toEqual([])
  expect(reads).toBeLessThan(count * 20)
})
