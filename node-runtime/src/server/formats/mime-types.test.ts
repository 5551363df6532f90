import { expect, test } from 'vitest'
import { fromHex, utf8 } from '../../base/bytes.ts'
import { ANY_BYTES, BEGINNING_BYTES, mimeTypeOf } from './mime-types.ts'

test.each([
  ['89504e470d0a1a0a0000000d', 'image/png'],
  ['ffd8ffe000104a4649460001', 'image/jpeg'],
  ['524946460102030457454250', 'image/webp'],
  ['524946460102030457415645', 'audio/wav'],
  ['000000206674797069736f6d', 'video/mp4'],
  ['1f8b0800', 'application/gzip'],
  ['0061736d01000000', 'application/wasm'],
  ['89504e47', ANY_BYTES],
  ['', ANY_BYTES],
])('%s is %s', (hex, type) => {
  expect(hex.length / 2).toBeLessThanOrEqual(BEGINNING_BYTES)
  expect(mimeTypeOf(fromHex(hex))).toBe(type)
})

test('what a browser might run is bytes', () => {
  for (const text of ['<!doctype html><script>', '<svg xmlns="">', '{"a":1}', 'alert(1)', '%!PS'])
    expect([text, mimeTypeOf(utf8(text))]).toEqual([text, ANY_BYTES])
})
