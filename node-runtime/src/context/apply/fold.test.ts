import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DeltaId } from '../../base/ids.ts'
import { comparePositions, type Positioned, planCut, planFold } from './fold.ts'

const position = (hlc: number, id = 'a'): Positioned => ({ hlc: BigInt(hlc), id: id as DeltaId })

describe('planFold', () => {
  it('puts later deltas on top without undo', () => {
    expect(planFold([position(1), position(2)], [position(3)], { storage: 'guest' })).toEqual({
      undo: 0,
      apply: [position(3)],
    })
  })

  it('undoes once to the lowest of a batch and redoes all in canonical order', () => {
    const plan = planFold([position(1), position(5), position(9)], [position(3), position(7)], { storage: 'guest' })
    expect(plan).toEqual({ undo: 2, apply: [position(3), position(5), position(7), position(9)] })
  })

  it('breaks ties of the stamp by id', () => {
    expect(planFold([position(1, 'b')], [position(1, 'a')], { storage: 'guest' })).toEqual({
      undo: 1,
      apply: [position(1, 'a'), position(1, 'b')],
    })
  })

  it('never undoes for host CRDTs', () => {
    expect(planFold([position(9)], [position(3)], { storage: 'host' })).toEqual({ undo: 0, apply: [position(3)] })
  })

  it('puts what was made for an earlier version of the state beneath what was made for a later one', () => {
    const later = (hlc: number, id = 'a'): Positioned => ({ ...position(hlc, id), version: 2 })
    const applied = [position(1), later(3), later(5)]
    for (const storage of ['guest', 'host'] as const) {
      const plan = planFold(applied, [position(9), later(4)], { storage })
      expect(plan).toEqual({ undo: 2, apply: [position(9), later(3), later(4), later(5)] })
    }
  })

  it('takes what is void away by one undo to the lowest of it, and puts the rest back', () => {
    const applied = [position(1), position(2, 'b'), position(3, 'c'), position(4, 'd')]
    const dropped = new Set(['b', 'd'] as DeltaId[])
    expect(planFold(applied, [], { storage: 'guest', dropped })).toEqual({ undo: 3, apply: [position(3, 'c')] })
    const arrived = [position(0, 'z')]
    expect(planFold(applied, arrived, { storage: 'host', dropped })).toEqual({
      undo: 3,
      apply: [position(3, 'c'), position(0, 'z')],
    })
    expect(planFold(applied, arrived, { storage: 'guest', dropped })).toEqual({
      undo: 4,
      apply: [position(0, 'z'), position(1), position(3, 'c')],
    })
  })

  it('ends in canonical order however the deltas are batched', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(1000), { maxLength: 60 }),
        fc.array(fc.integer({ min: 1, max: 7 })),
        (stamps, sizes) => {
          let stack: Positioned[] = []
          const left = stamps.map((stamp) => position(stamp))
          while (left.length > 0) {
            const batch = left.splice(0, sizes.shift() ?? 1).sort(comparePositions)
            const plan = planFold(stack, batch, { storage: 'guest' })
            stack = [...stack.slice(0, stack.length - plan.undo), ...plan.apply]
          }
          expect(stack).toEqual([...stack].sort(comparePositions))
          expect(stack).toHaveLength(stamps.length)
        },
      ),
    )
  })
})

describe('planCut', () => {
  it('takes nothing away where all up to there lie undermost, in whatever order', () => {
    const applied = [position(3), position(1), position(9), position(7)]
    expect(planCut(applied, position(3))).toBeUndefined()
    expect(planCut(applied, position(9))).toBeUndefined()
  })

  it('brings what lies above the first of the others into canonical order, once', () => {
    const applied = [position(3), position(1), position(9), position(7), position(2)]
    expect(planCut(applied, position(3))).toEqual({ undo: 3, apply: [position(2), position(7), position(9)] })
  })

  it('leaves none of the others beneath, and nothing to do at a later place', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(100), { minLength: 1, maxLength: 20 }),
        fc.nat(100),
        fc.nat(100),
        (stamps, at, more) => {
          const applied = stamps.map((stamp) => position(stamp))
          const plan = planCut(applied, position(at)) ?? { undo: 0, apply: [] }
          const stack = [...applied.slice(0, applied.length - plan.undo), ...plan.apply]
          const beneath = stack.filter(({ hlc }) => hlc <= at)
          expect(stack.slice(0, beneath.length)).toEqual(beneath)
          expect(new Set(stack)).toEqual(new Set(applied))
          if (plan.undo > 0) expect(planCut(stack, position(at + more))).toBeUndefined()
        },
      ),
    )
  })
})
