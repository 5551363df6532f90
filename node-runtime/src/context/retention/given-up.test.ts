import { expect, it } from 'vitest'
import type { DeltaId, PublicKey } from '../../base/ids.ts'
import { type GivenUp, knownByOwn } from './given-up.ts'

const [own, ada, bob] = ['own', 'ada', 'bob'] as PublicKey[]
const delta = (author: PublicKey | undefined, id: string, parents: readonly string[], origin: string | null = id) =>
  ({ id, author, parents, origin: origin ?? undefined }) as GivenUp
const known = (...lost: readonly GivenUp[]) =>
  Object.fromEntries(
    [...knownByOwn(lost, own as PublicKey)].map(([id, reached]) => [id, Object.fromEntries(reached)]),
  ) as Record<DeltaId, object>

it('an own delta knows of the last delta of each other author in its past', () => {
  const lost = [
    delta(ada, '1', ['pruned']),
    delta(bob, '2', []),
    delta(ada, '3', ['1']),
    delta(own, '4', ['2', '3']),
    delta(ada, '5', ['4']),
    delta(own, '6', ['4']),
  ]
  expect(known(...lost)).toEqual({ 4: { ada: '3', bob: '2' }, 6: { ada: '3', bob: '2' } })
})

it('what was lost and written again before stands where the first of it stood', () => {
  expect(known(delta(ada, '7', [], '1'), delta(ada, '8', ['7'], '2'), delta(own, '9', ['8']))).toEqual({
    9: { ada: '2' },
  })
})

it('what nobody will write again is not waited for, and what came before it is', () => {
  expect(known(delta(ada, '1', []), delta(bob, '2', ['1'], null), delta(own, '3', ['2']))).toEqual({ 3: { ada: '1' } })
})
