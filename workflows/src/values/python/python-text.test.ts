import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonValues } from '../json/arbitrary-json.ts'
import { JsonFloat, type JsonValue, objectOf } from '../json/json-value.ts'
import { pythonEqual } from './python-equal.ts'
import { tryParsePythonLiteral } from './python-literal.ts'
import { pythonFloat, pythonStrip } from './python-number.ts'
import { pythonRepr, pythonStr } from './python-text.ts'

describe('Python texts', () => {
  test.each<[JsonValue, string]>([
    [null, 'None'],
    [true, 'True'],
    [false, 'False'],
    [5, '5'],
    [-0, '0'],
    [2n ** 64n - 1n, '18446744073709551615'],
    [new JsonFloat(1), '1.0'],
    [new JsonFloat(-0), '-0.0'],
    [new JsonFloat(1e15), '1000000000000000.0'],
    [new JsonFloat(1e16), '1e+16'],
    [new JsonFloat(1.5e300), '1.5e+300'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1.25e-7, '1.25e-07'],
    [5e-324, '5e-324'],
    [123456.789, '123456.789'],
    [Number.NaN, 'nan'],
    [Number.NEGATIVE_INFINITY, '-inf'],
    ['it', "'it'"],
    ["it's", '"it\'s"'],
    [`it's "x"`, `'it\\'s "x"'`],
    ['a\\b\n\t\r', "'a\\\\b\\n\\t\\r'"],
    ['\u0000\u007f\u00a0é中😀', "'\\x00\\x7f\\xa0é中😀'"],
    ['\u200b\ue000\u{e0001}\ud800', "'\\u200b\\ue000\\U000e0001\\ud800'"],
    [[], '[]'],
    [{}, '{}'],
    [[{ id: 'abc' }, { id: 'd' }], "[{'id': 'abc'}, {'id': 'd'}]"],
    [
      objectOf([
        ['b', 1],
        ['2', [new JsonFloat(2)]],
        ['1', null],
      ]),
      "{'b': 1, '2': [2.0], '1': None}",
    ],
  ])('case %#', (value, text) => {
    expect(pythonRepr(value)).toBe(text)
  })

  test('str() of a text is the text', () => {
    expect(pythonStr("it's")).toBe("it's")
    expect(pythonStr(undefined)).toBe('None')
  })

  test('repr never throws, and its text reads back as the value', () => {
    fc.assert(
      fc.property(jsonValues, (value) => {
        expect(pythonEqual(tryParsePythonLiteral(pythonRepr(value)), value)).toBe(true)
      }),
    )
  })
})

describe('Python float()', () => {
  test.each<[JsonValue, number | undefined]>([
    ['1_0', 10],
    ['inf', Infinity],
    ['-Infinity', -Infinity],
    [' 5 ', 5],
    ['.5', 0.5],
    ['5.', 5],
    ['1e3', 1000],
    ['1__0', undefined],
    ['1_', undefined],
    ['0x10', undefined],
    ['', undefined],
    ['5\u001c', undefined],
    [true, 1],
    [false, 0],
    [null, undefined],
    [[1], undefined],
    [{}, undefined],
    [new JsonFloat(2), 2],
    [2n ** 64n, 2 ** 64],
    [10n ** 400n, undefined],
  ])('case %#', (value, number) => {
    expect(pythonFloat(value)).toBe(number)
  })

  test('nan', () => {
    expect(pythonFloat('nan')).toBeNaN()
  })

  test('strip takes off what Python calls whitespace', () => {
    expect(pythonStrip('\u001c\u00a0 a \u3000\n')).toBe('a')
    expect(pythonStrip('\ufeffa')).toBe('\ufeffa')
  })
})

describe('Python equality', () => {
  test.each<[JsonValue, JsonValue, boolean]>([
    [5, new JsonFloat(5), true],
    [true, 1, true],
    [false, 0, true],
    [1, '1', false],
    [null, false, false],
    [2n ** 64n, new JsonFloat(2 ** 64), true],
    [2n ** 64n - 1n, new JsonFloat(2 ** 64), false],
    [Number.NaN, Number.NaN, false],
    [{ a: 1, b: 2 }, { b: 2, a: new JsonFloat(1) }, true],
    [{ a: 1 }, { a: 1, b: null }, false],
    [[1, 2], [2, 1], false],
    [[], {}, false],
  ])('case %#', (left, right, equal) => {
    expect(pythonEqual(left, right)).toBe(equal)
    expect(pythonEqual(right, left)).toBe(equal)
  })
})
