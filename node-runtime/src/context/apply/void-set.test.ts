import { expect, it } from 'vitest'
import type { DeltaId } from '../../base/ids.ts'
import { digestOf, VoidSet } from './void-set.ts'

const [a, b, c] = ['0a', '0b', '0c'].map((byte) => byte.repeat(32)) as [DeltaId, DeltaId, DeltaId]

it('a set has one digest, however it came to be, and none while nothing is void', () => {
  const set = new VoidSet(undefined, [a])
  expect(set.digest).toEqual(digestOf([a]))
  set.mark(b, true)
  set.mark(b, true)
  set.mark(c, false)
  expect(set.digest).toEqual(new VoidSet(undefined, [b, a]).digest)
  set.mark(a, false)
  set.mark(b, false)
  expect(set.digest).toBeUndefined()
})

it('what is pruned stays in it, and a checkpoint names it', () => {
  const set = new VoidSet(undefined, [a, b, c])
  const before = set.digest
  const pruned = set.within([b, a, '0d'.repeat(32) as DeltaId])
  expect(pruned).toEqual({ digest: digestOf([a, b]), latest: [b, a] })
  set.prune([b, a], pruned)
  expect(set.digest).toEqual(before)
  expect(new VoidSet(pruned, [c]).digest).toEqual(before)
  expect(set.within([c])).toEqual({ digest: before, latest: [b, a, c] })
})

it('a checkpoint behind which all counts names nothing', () => {
  expect(new VoidSet(undefined, [a]).within([b])).toBeUndefined()
})
