import { describe, expect, it } from 'vitest'
import type { DeltaId, PublicKey } from '../../base/ids.ts'
import { n } from '../../dag/nodes.fixture.ts'
import { behind, itemKey, START } from '../../reconcile/item-key.ts'
import { boundOf, cutOf, isWithin, joinAuthors } from './checkpoint.ts'

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

describe('a checkpoint is within', () => {
  type Some = Parameters<typeof isWithin>[0]
  const last = (hlc: bigint) => ({ id: 'ab'.repeat(32) as DeltaId, hlc })
  const [ada, bob] = ['ada', 'bob'] as PublicKey[] as [PublicKey, PublicKey]
  const outer = {
    last: last(9n),
    root: 'r',
    count: 6,
    authors: [
      { author: ada, hlc: 7n },
      { author: bob, hlc: 9n },
    ],
  } as unknown as Some

  it('a later one that has as much of each author', () => {
    const inner = {
      ...outer,
      last: last(7n),
      root: 'q',
      count: 4,
      authors: [{ author: ada, hlc: 7n }],
    } as unknown as Some
    expect(isWithin(inner, outer)).toBe(true)
    expect(isWithin(outer, inner)).toBe(false)
    expect(isWithin({ ...inner, authors: [{ author: ada, hlc: 8n }] }, outer)).toBe(false)
    expect(isWithin({ ...inner, count: 7 }, outer)).toBe(false)
  })

  it('one at the same place only if it is the same', () => {
    expect(isWithin({ ...outer, beneath: [last(3n)] }, outer)).toBe(true)
    expect(isWithin({ ...outer, count: 5 }, outer)).toBe(false)
    expect(isWithin({ ...outer, root: 'q' } as unknown as Some, outer)).toBe(false)
  })
})
