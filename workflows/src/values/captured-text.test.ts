import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCaptured } from './captured-text.ts'
import { JsonFloat, type JsonValue } from './json/json-value.ts'

describe('a captured text', () => {
  test.each<[string, JsonValue]>([
    ['5', 5],
    ['-5', -5],
    ['+5', 5],
    [' 5 ', 5],
    ['05', '05'],
    ['0x10', 16],
    ['1_000', 1000],
    ['1e3', new JsonFloat(1000)],
    ['12345e67', new JsonFloat(12345e67)],
    ['true', true],
    ['True', true],
    ['True ', true],
    ['false', false],
    ['null', null],
    ['None', null],
    ['Infinity', Infinity],
    ["'q'", 'q'],
    ['"q"', 'q'],
    ["{'a': True}", { a: true }],
    ["{'a': [None, 1.5, -2], \"b\": 'it\\'s'}", { a: [null, 1.5, -2], b: "it's" }],
    ['pre {"a": 1} post', { a: 1 }],
    ['{"a": [1, 2,],}', { a: [1, 2] }],
    ['[1,2', '[1,2'],
    ['(1,2)', '(1,2)'],
    ['(5)', 5],
    ['2.0.0', '2.0.0'],
    ['00ff', '00ff'],
    ['', ''],
    ['  ', '  '],
    ['text {a} more', 'text {a} more'],
    ['18446744073709551615', 2n ** 64n - 1n],
    ["'a' 'b'", 'ab'],
    ["r'\\n'", '\\n'],
    ["'\\x41\\u00e9\\101'", 'AéA'],
    ["'''a\nb'''", 'a\nb'],
    ["'a", "'a"],
    ["b'a'", "b'a'"],
    ['1+2', '1+2'],
    ['--5', '--5'],
    ['{1, 2}', '{1, 2}'],
    ['{1: 2}', { 1: 2 }],
    ['hello', 'hello'],
    ['0b11', 3],
    ['[1] [2]', [1]],
    ["x {'a': 1}", "x {'a': 1}"],
  ])('%s', (text, value) => {
    expect(parseCaptured(text)).toEqual(value)
  })

  test('NaN', () => {
    expect(parseCaptured('NaN')).toBeNaN()
  })

  test('the part that begins first is taken, however many brackets before it never close', () => {
    expect(parseCaptured('} {x {"a": {"b": 1}} [1]')).toEqual({ a: { b: 1 } })
    expect(parseCaptured('[ {"a": 1} ] tail')).toEqual([{ a: 1 }])
    expect(parseCaptured(`${'{x['.repeat(200_000)}{"a": 1}`)).toEqual({ a: 1 })
    expect(parseCaptured('{x'.repeat(500_000))).toBe('{x'.repeat(500_000))
  })

  test('values that are no texts stay', () => {
    expect(parseCaptured(null)).toBeNull()
    expect(parseCaptured([' 5 '])).toEqual([' 5 '])
  })

  test('no text makes it throw, however it is nested', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '(',
      ')',
      ',',
      ':',
      "'",
      '"',
      '\\',
      'a',
      '1',
      '.',
      '-',
      'None',
      '\n',
    )
    fc.assert(fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => void parseCaptured(parts.join(''))))
    for (const piece of ['[', '{', '(', '{"a":', '[[{', "{'a':"]) parseCaptured(piece.repeat(2000))
  })
})
