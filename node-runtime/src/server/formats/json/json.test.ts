// JSON of clients: exact where numbers are large, left alone where a guest reads it, and what one text may cost.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromUtf8, utf8 } from '../../../base/bytes.ts'
import { JSON_DEPTH_MAX, JSON_INTEGER_WEIGHT, JSON_VALUES_MAX } from '../../limits.ts'
import { type JsonReading, parseJson, RawJson } from './json.ts'

const again = (text: string) => JSON.stringify(parseJson(utf8(text)))

test('integers of any size come out as they went in, wherever they stand', () => {
  const text =
    '{"a":18446744073709551615,"b":[-9223372036854775808,9007199254740991,9007199254740992],"12345678901234567890":{"__proto__":99999999999999999999}}'
  expect(again(text)).toBe(text)
  expect(again('123456789012345678901234567890')).toBe('123456789012345678901234567890')
})

test('what only looks like a large integer is what it is', () => {
  const text = '["12345678901234567890","\\"12345678901234567890\\\\",1.5,"\\\\\\"",""]'
  expect(again(text)).toBe(text)
  const fractions = '[12345678901234567890.5,1e30,0.1234567890123456789]'
  expect(again(fractions)).toBe(JSON.stringify(JSON.parse(fractions)))
})

test.each([
  '{12345678901234567890:1}',
  '012345678901234567890',
  '[--12345678901234567890]',
  '[12345678901234567890',
  '"12345678901234567890',
  '[12345678901234567890,]',
  '12345678901234567890 1',
])('%s is no JSON, and the refusal shows nothing but what was sent', (text) => {
  expect(() => parseJson(utf8(text))).toThrow(/^the body is not JSON: /)
  expect(() => parseJson(utf8(text))).not.toThrow(/[0-9a-f]{8}-/)
})

test('a refusal says what was expected, and where', () => {
  expect(() => parseJson(utf8('{"a":tru}'))).toThrow('expected value, and there is "t" at byte 5')
  expect(() => parseJson(utf8('["a'))).toThrow('expected the rest of a text, and there is its end')
  expect(() => parseJson(utf8('[1 2]'))).toThrow('expected , or the end of it, and there is "2" at byte 3')
})

test('what is not UTF-8 is refused, and not changed', () => {
  expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow('the body is not UTF-8')
})

test('nesting is refused beyond its cap, and not what only looks like it', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  expect(again(nested(JSON_DEPTH_MAX))).toBe(nested(JSON_DEPTH_MAX))
  expect(() => parseJson(utf8(nested(JSON_DEPTH_MAX + 1)))).toThrow('nested more than')
  expect(again(`"${'['.repeat(1000)}"`)).toBe(`"${'['.repeat(1000)}"`)
})

describe('values are counted before anything is made of them', () => {
  const list = (item: string, length: number) => utf8(`[${Array(length).fill(item)}]`)
  const refusal = `the body has more than ${JSON_VALUES_MAX} values`

  test.each([
    ['{}', JSON_VALUES_MAX - 1],
    ['"a"', JSON_VALUES_MAX - 1],
    ['1', JSON_VALUES_MAX - 1],
    ['12345678901234567890', Math.floor((JSON_VALUES_MAX - 1) / JSON_INTEGER_WEIGHT)],
  ])('of %s there may be %i in a list', (item, most) => {
    expect(parseJson(list(item, most))).toHaveLength(most)
    expect(() => parseJson(list(item, most + 1))).toThrow(refusal)
  })

  test('keys count', () => {
    const keys = (count: number) => utf8(`{${Array.from({ length: count }, (_, index) => `"${index}":1`)}}`)
    expect(() => parseJson(keys(JSON_VALUES_MAX / 2 - 1))).not.toThrow()
    expect(() => parseJson(keys(JSON_VALUES_MAX / 2))).toThrow(refusal)
  })

  test('bytes in a list are beside them, as many as are taken', () => {
    expect(parseJson(list('255', JSON_VALUES_MAX + 99), { bytesMax: 100 })).toHaveLength(JSON_VALUES_MAX + 99)
    expect(() => parseJson(list('255', JSON_VALUES_MAX + 100), { bytesMax: 100 })).toThrow(refusal)
    expect(() => parseJson(list('2550', JSON_VALUES_MAX), { bytesMax: 100 })).toThrow(refusal)
  })
})

describe('a value that is left raw', () => {
  const reading: JsonReading = { rawAt: ['params', 'args'] }
  const rawIn = (text: string) => {
    const { params } = parseJson(utf8(text), reading) as { params?: { args?: unknown } }
    return params?.args instanceof RawJson ? fromUtf8(params.args.bytes) : params?.args
  }

  test.each([
    '{ "a" : 1.0, "a": 18446744073709551615, "é": [ ] }',
    'null',
    '"a \\" \\u0061"',
    '-0.0e-5',
    '[{"params":{"args":1}}]',
  ])('comes as it was sent: %s', (value) => {
    expect(rawIn(`{"params":{"b":"é","args": ${value} ,"c":[1]},"d":2}`)).toBe(value)
    expect(rawIn(`{"par\\u0061ms":{"\\u0061rgs":${value}}}`)).toBe(value)
  })

  test('leaves all around it as it is', () => {
    const text = '{"id":18446744073709551615,"params":{"args":[1],"b":{"args":[2]}},"args":[3]}'
    const value = parseJson(utf8(text), reading)
    expect(JSON.stringify(value)).toBe(text.replace('[1]', '{"bytes":{"0":91,"1":49,"2":93}}'))
  })

  test('may have as many values as there is room', () => {
    const args = `[${Array(JSON_VALUES_MAX + 1).fill('{}')}]`
    expect(rawIn(`{"params":{"args":${args}}}`)).toBe(args)
  })

  test('is JSON, and no deeper than all else', () => {
    expect(() => rawIn('{"params":{"args":[1,]}}')).toThrow('not JSON')
    expect(() => rawIn(`{"params":{"args":${'['.repeat(JSON_DEPTH_MAX)}`)).toThrow('nested more than')
  })

  test('is the last of several, as with every key', () => {
    expect(rawIn('{"params":{"args":1,"args":[2]}}')).toBe('[2]')
    expect(rawIn('{"params":{"args":1},"params":{"args":3}}')).toBe('3')
    expect(rawIn('{"params":{"args":1},"params":{}}')).toBeUndefined()
  })

  test('stands nowhere else', () => {
    expect(rawIn('{"params":[{"args":1}]}')).toBeUndefined()
    expect(parseJson(utf8('[{"params":{"args":1}}]'), reading)).toEqual([{ params: { args: 1 } }])
    expect(parseJson(utf8('{"a":{"params":{"args":1}}}'), reading)).toEqual({ a: { params: { args: 1 } } })
  })
})

test('all else is as the engine reads it', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(again(text)).toBe(JSON.stringify(JSON.parse(text)))
    }),
  )
})

test('what the engine refuses is refused, and nothing else', () => {
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    'a',
    '\\',
    '\\u00e',
    '1',
    '0',
    '-',
    '.',
    'e',
    'true',
    ' ',
    '\n',
    '\x01',
  ]
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(...pieces), fc.json()), { maxLength: 8 }), (parts) => {
      const text = parts.join('')
      const isJson = (read: () => unknown) => {
        try {
          read()
          return true
        } catch {
          return false
        }
      }
      expect(isJson(() => parseJson(utf8(text)))).toBe(isJson(() => JSON.parse(text)))
    }),
    { numRuns: 2_000 },
  )
})
