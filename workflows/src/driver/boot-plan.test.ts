import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bootPlan } from './boot-plan.ts'
import { BOOT_NODES_MAX } from './limits.ts'

test('two nodes boot from each other', () => {
  expect([bootPlan(0, 2), bootPlan(1, 2)]).toEqual([[1], [0]])
})

test('a single node boots from nobody', () => {
  expect(bootPlan(0, 1)).toEqual([])
})

test('every network is connected through nodes that started earlier, with bounded lists and no hub', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 200 }), (count) => {
      const named = new Map<number, number>()
      for (let index = 0; index < count; index++) {
        const plan = bootPlan(index, count)
        expect(plan.length).toBeLessThanOrEqual(BOOT_NODES_MAX)
        expect(plan).not.toContain(index)
        if (index > 0) expect(Math.min(...plan)).toBeLessThan(index)
        for (const other of plan) named.set(other, (named.get(other) ?? 0) + 1)
      }
      expect(Math.max(...named.values())).toBeLessThanOrEqual(8)
    }),
  )
})
