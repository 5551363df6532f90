import fc from 'fast-check'
import { expect, it } from 'vitest'
import { utf8 } from '../base/bytes.ts'
import { memoryStore } from './memory.ts'
import { SortedKeys } from './sorted-keys.ts'
import { rangeOf } from './store.ts'
import { storeContract } from './store-contract.ts'

storeContract('memoryStore', async () => memoryStore())

it('sorted keys stay a sorted set over thousands of random inserts and deletes', () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat(2000)), (numbers) => {
      const keys = new SortedKeys()
      const model = new Set<string>()
      let step = 0
      for (const number of numbers) {
        if (++step > 5000) break
        const key = String(number).padStart(4, '0')
        if (number % 3 === 0 && model.has(key)) {
          model.delete(key)
          keys.delete(key)
        } else {
          model.add(key)
          keys.add(key)
        }
      }
      const expected = [...model].sort().filter((key) => key >= '0100' && key < '1900')
      expect(keys.range('0100', '1900', 3000)).toEqual(expected)
      expect(keys.range('0100', '1900', 7)).toEqual(expected.slice(0, 7))
    }),
    { numRuns: 5 },
  )
})

it('the range of a prefix ends at the next prefix, carrying over 0xff', () => {
  expect(rangeOf(utf8('a/')).lt).toEqual(utf8('a0'))
  expect(rangeOf(Uint8Array.of(1, 0xff, 0xff)).lt).toEqual(Uint8Array.of(2))
  expect(() => rangeOf(Uint8Array.of(0xff))).toThrow(RangeError)
})
