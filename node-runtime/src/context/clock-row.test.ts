import { expect, it } from 'vitest'
import { utf8 } from '../base/bytes.ts'
import { encodeRow } from '../wire/records.ts'
import { decodeClock, encodeClock } from './clock-row.ts'

it('is what was written, and nothing where it is damaged', () => {
  const row = encodeClock(123_456_789_012_345_678n)
  expect(decodeClock(row)).toBe(123_456_789_012_345_678n)
  expect(decodeClock(undefined)).toBe(0n)
  expect(decodeClock(row.subarray(1))).toBe(0n)
  expect(decodeClock(utf8('nonsense'))).toBe(0n)
  expect(decodeClock(encodeRow({ v: 1, hlc: utf8('short') }))).toBe(0n)
})
