import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NESTING_MAX } from '../limits.ts'
import { pythonEqual } from '../python/python-equal.ts'
import { ValuesError } from '../values-error.ts'
import { jsonValues } from './arbitrary-json.ts'
import { isJsonObject, JsonFloat, type JsonValue, keysOf } from './json-value.ts'
import { exactJson, parseLosslessJson, stringifyLosslessJson, tryParseLosslessJson } from './lossless-json.ts'

describe('lossless JSON', () => {
  test.each([
    '18446744073709551615',
    '-9223372036854775808',
    '9007199254740993',
    '1.0',
    '-0.0',
    '1e+16',
    '5e-324',
    '0.1',
    '"a\\"b\\\\\\n\\u0000"',
    '{"10":1,"2":2,"a":3}',
    '[[],{},null,true,false]',
    '{"__proto__":{"x":1}}',
  ])('%s survives reading and writing', (text) => {
    expect(stringifyLosslessJson(parseLosslessJson(text))).toBe(text)
  })

  test('keeps plain numbers for safe integers and says which floats are integral', () => {
    expect(parseLosslessJson('[5, 1.5, 9007199254740991, 9007199254740992, -0]')).toEqual([
      5,
      1.5,
      2 ** 53 - 1,
      2n ** 53n,
      0,
    ])
    expect(parseLosslessJson('1e3')).toEqual(new JsonFloat(1000))
    expect(parseLosslessJson('5')).toBe(5)
  })

  test.each([
    '',
    '{',
    '[1,]',
    '{"a":1,}',
    "{'a':1}",
    '01',
    '+1',
    '.5',
    '1.',
    'nul',
    '"a\nb"',
    '"\\x41"',
    '"\\u12"',
    '1 2',
    'NaN',
    '{"a" 1}',
    '{1:2}',
    '\ufeff1',
  ])('refuses %j and says where', (text) => {
    expect(() => parseLosslessJson(text)).toThrow(ValuesError)
    expect(tryParseLosslessJson(text)).toBeUndefined()
  })

  test('reads the non-finite words only where they are asked for, and never writes them', () => {
    expect(parseLosslessJson('[NaN, Infinity, -Infinity]', { nonFinite: true })).toEqual([
      Number.NaN,
      Infinity,
      -Infinity,
    ])
    expect(() => exactJson([Number.NaN])).toThrow('no JSON form')
    expect(stringifyLosslessJson([Number.NaN, Infinity, { a: -Infinity }])).toBe('["NaN","Infinity",{"a":"-Infinity"}]')
  })

  test('a deep text is refused instead of exhausting the stack', () => {
    expect(() => parseLosslessJson('['.repeat(1_000_000))).toThrow(`deeper than ${NESTING_MAX}`)
    expect(() => parseLosslessJson('9'.repeat(5000))).toThrow('exceeds the limit')
  })

  test('the later of two equal keys wins in the place of the first', () => {
    expect(stringifyLosslessJson(parseLosslessJson('{"b":1,"a":2,"b":3}'))).toBe('{"b":3,"a":2}')
  })

  test('indents', () => {
    expect(stringifyLosslessJson({ a: [1, {}], b: [] }, 2)).toBe('{\n  "a": [\n    1,\n    {}\n  ],\n  "b": []\n}')
  })

  test('leaves out keys without a value', () => {
    const object: JsonValue = { a: 1 }
    if (isJsonObject(object)) Object.assign(object, { b: undefined })
    expect(stringifyLosslessJson(object)).toBe('{"a":1}')
    expect(keysOf(object)).toEqual(['a'])
  })

  test('what is written reads back equal, with the same text', () => {
    fc.assert(
      fc.property(jsonValues, (value) => {
        const text = stringifyLosslessJson(value)
        const read = parseLosslessJson(text)
        expect(pythonEqual(read, value)).toBe(true)
        expect(stringifyLosslessJson(read)).toBe(text)
      }),
    )
  })

  test('reads what JSON.parse reads, and refuses what it refuses', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((text) => text.slice(1)),
        ),
        (text) => {
          const expected = attempt(() => JSON.parse(text) as unknown)
          const actual = attempt(() => plain(parseLosslessJson(text)))
          expect(actual).toEqual(expected)
        },
      ),
    )
  })
})

function attempt(read: () => unknown): unknown {
  try {
    return { value: read() }
  } catch {
    return 'refused'
  }
}

function plain(value: JsonValue): unknown {
  if (value instanceof JsonFloat) return value.value
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(plain)
  if (!isJsonObject(value)) return value
  const result = JSON.parse('{}') as Record<string, unknown>
  for (const key of keysOf(value)) {
    Object.defineProperty(result, key, {
      value: plain(value[key] ?? null),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return result
}
