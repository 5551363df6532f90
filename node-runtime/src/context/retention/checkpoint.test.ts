import { describe, expect, it } from 'vitest'
import type { DeltaId, PublicKey } from '../../base/ids.ts'
import { n } from '../../dag/nodes.fixture.ts'
import { behind, itemKey, START } from '../../reconcile/item-key.ts'
import { boundOf, cutOf, joinAuthors } from './checkpoint.ts'

const [a, b, c, d] = [n('a', 1), n('b', 2, 'a'), n('c', 3, 'b'), n('d', 4, 'c')]

describe('a cut', () => {
  it('takes all that is stable from a stack in canonical order', () => {
    expect(cutOf([a, b, c, d], [a, b, c])).toEqual({ nodes: 3, stack: 3 })
    expect(cutOf([a, b, c, d], [])).toEqual({ nodes: 0, stack: 0 })
  })

  it('stops below what came before an earlier one', () => {
    expect(cutOf([a, c, b, d], [a, b, c])).toEqual({ nodes: 3, stack: 3 })
    expect(cutOf([a, c, b, d], [a, b])).toEqual({ nodes: 1, stack: 1 })
    expect(cutOf([d, a, b, c], [a, b, c])).toEqual({ nodes: 0, stack: 0 })
  })

  it('takes void deltas along that lie between', () => {
    expect(cutOf([a, c, d], [a, b, c])).toEqual({ nodes: 3, stack: 2 })
    expect(cutOf([], [a, b])).toEqual({ nodes: 2, stack: 0 })
  })
})

it('the end of a checkpoint is just behind its last delta', () => {
  const last = { id: 'ab'.repeat(32) as DeltaId, hlc: 7n }
  expect(boundOf(undefined)).toBe(START)
  const checkpoint = { last } as Parameters<typeof boundOf>[0]
  expect(boundOf(checkpoint)).toBe(behind(itemKey(7n, last.id)))
})

it('of each author the newest stamp is kept', () => {
  const [x, y] = ['11'.repeat(32) as PublicKey, '22'.repeat(32) as PublicKey]
  const known = [{ author: y, hlc: 5n }]
  const joined = joinAuthors(known, [
    { author: x, hlc: 2n },
    { author: y, hlc: 4n },
    { author: x, hlc: 3n },
  ])
  expect(joined).toEqual([
    { author: x, hlc: 3n },
    { author: y, hlc: 5n },
  ])
})
