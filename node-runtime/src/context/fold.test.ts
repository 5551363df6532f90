import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DeltaId } from '../base/ids.ts'
import { comparePositions, type Positioned, planFold } from './fold.ts'

const position = (hlc: number, id = 'a'): Positioned => ({ hlc: BigInt(hlc), id: id as DeltaId })

describe('planFold', () => {
  it('puts later deltas on top without undo', () => {
    expect(planFold([position(1), position(2)], [position(3)], 'guest')).toEqual({ undo: 0, apply: [position(3)] })
  })

  it('undoes once to the lowest of a batch and redoes all in canonical order', () => {
    const plan = planFold([position(1), position(5), position(9)], [position(3), position(7)], 'guest')
    expect(plan).toEqual({ undo: 2, apply: [position(3), position(5), position(7), position(9)] })
  })

  it('breaks ties of the stamp by id', () => {
    expect(planFold([position(1, 'b')], [position(1, 'a')], 'guest')).toEqual({
      undo: 1,
      apply: [position(1, 'a'), position(1, 'b')],
    })
  })

  it('never undoes for host CRDTs', () => {
    expect(planFold([position(9)], [position(3)], 'host')).toEqual({ undo: 0, apply: [position(3)] })
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
            const plan = planFold(stack, batch, 'guest')
            stack = [...stack.slice(0, stack.length - plan.undo), ...plan.apply]
          }
          expect(stack).toEqual([...stack].sort(comparePositions))
          expect(stack).toHaveLength(stamps.length)
        },
      ),
    )
  })
})
