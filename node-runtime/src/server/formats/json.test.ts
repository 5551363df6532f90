// JSON of clients: exact where numbers are large, and what one text may cost.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JSON_DEPTH_MAX } from '../limits.ts'
import { parseJson } from './json.ts'

const again = (text: string) => JSON.stringify(parseJson(text))

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
  expect(() => parseJson(text)).toThrow(/^the body is not JSON: /)
  expect(() => parseJson(text)).not.toThrow(/[0-9a-f]{8}-/)
})

test('nesting is refused beyond its cap, and not what only looks like it', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  expect(again(nested(JSON_DEPTH_MAX))).toBe(nested(JSON_DEPTH_MAX))
  expect(() => parseJson(nested(JSON_DEPTH_MAX + 1))).toThrow('nested more than')
  expect(again(`"${'['.repeat(1000)}"`)).toBe(`"${'['.repeat(1000)}"`)
})

test('all else is as the engine reads it', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(again(text)).toBe(JSON.stringify(JSON.parse(text)))
    }),
  )
})
