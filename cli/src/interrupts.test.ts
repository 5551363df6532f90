import { expect, test } from 'vitest'
import { Interrupts } from './interrupts.ts'

test('what comes in the same moment is one request; the second one ends at once, also of somebody in a hurry', () => {
  const interrupts = new Interrupts()
  expect([1000, 1001, 1050, 1099].map((ms) => interrupts.next(ms))).toEqual(['first', 'same', 'same', 'same'])
  expect([1100, 1101, 9000].map((ms) => interrupts.next(ms))).toEqual(['again', 'again', 'again'])
})
