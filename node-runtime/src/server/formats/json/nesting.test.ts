import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8 } from '../../../base/bytes.ts'
import { JSON_DEPTH_MAX } from '../../limits.ts'
import { parseJson } from './json.ts'
import { Nesting } from './nesting.ts'

function add(text: string, size = text.length): void {
  const [nesting, bytes] = [new Nesting(), utf8(text)]
  for (let at = 0; at < bytes.length; at += size) nesting.add(bytes.subarray(at, at + size))
}

const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}"]{"${'}]'.repeat(depth / 2)}`

test('beyond the cap it is refused with the words of who would read it, however it is cut', () => {
  for (const size of [1, 2, 3, 1000]) {
    expect(() => add(nested(JSON_DEPTH_MAX), size)).not.toThrow()
    expect(() => add(nested(JSON_DEPTH_MAX + 2), size)).toThrow(`nested more than ${JSON_DEPTH_MAX} levels deep`)
  }
  expect(() => parseJson(utf8(nested(JSON_DEPTH_MAX + 2)))).toThrow(`nested more than ${JSON_DEPTH_MAX} levels deep`)
})

test('what texts have is none of it, whatever they escape', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('"', '\\', '[', '{', ']', '}', 'é', 'x') }),
      fc.integer({ min: 1, max: 9 }),
      (text, size) => {
        add(JSON.stringify({ [text]: Array(3 * JSON_DEPTH_MAX).fill(text) }), size)
      },
    ),
  )
  expect(() => add(`["\\\\", "${'['.repeat(1000)}"]`)).not.toThrow()
  expect(() => add(`["\\"", "\\\\"${'['.repeat(1000)}`)).toThrow('nested more than')
})
