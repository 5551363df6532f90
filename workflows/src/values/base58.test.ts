import fc from 'fast-check'
import { expect, test } from 'vitest'
import { base58OfHex, hexOfBase58 } from './base58.ts'

test('an id is the same in both spellings', () => {
  const hex = '00eb15231dfceb60925886b67d065299925915aeb172c06647000000000000ff'
  expect(hexOfBase58(base58OfHex(hex) ?? '')).toBe(hex)
  expect(base58OfHex('0'.repeat(64))).toBe('1'.repeat(32))
  expect(base58OfHex('f'.repeat(64))).toBe('JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFG')
  const ids = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'))
  fc.assert(fc.property(ids, (id) => hexOfBase58(base58OfHex(id) ?? '') === id))
})

test.each(['', 'abc', '0'.repeat(40), '1'.repeat(44), 'z'.repeat(44), 'l'.repeat(43)])('%j is no id', (text) => {
  expect([base58OfHex(text), hexOfBase58(text)]).toEqual([undefined, undefined])
})
