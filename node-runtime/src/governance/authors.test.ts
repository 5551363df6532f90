// Whom nobody has named is refused without a fold: always where the rules refuse it, and never before it can be known.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { OpId } from '../base/ids.ts'
import { Authors } from './authors.ts'
import { CUTS_KEPT_MAX } from './limits.ts'
import { games, play } from './testing/games.fixture.ts'
import {
  alice,
  bob,
  carol,
  contexted,
  described,
  eve,
  genesis,
  joined,
  nodeWith,
  operation,
  team,
} from './testing/world.fixture.ts'

test('what is refused without a fold has a rule against it at its cut', () => {
  const seen = { short: 0, refused: 0 }
  fc.assert(
    fc.property(games, (turns) => {
      const { accepted, refused } = play(turns)
      const authors = new Authors()
      for (const op of accepted) authors.add(op)
      const node = nodeWith(accepted)
      for (const op of accepted) expect(authors.refusal(op)).toBeUndefined()
      for (const op of refused) {
        seen.refused += 1
        if (authors.refusal(op) === undefined) continue
        seen.short += 1
        expect(node.refusal(op)).toBeDefined()
      }
    }),
    { numRuns: 100, seed: 1 },
  )
  expect(seen.short).toBeGreaterThan(10)
  expect(seen.refused).toBeGreaterThan(seen.short)
})

test('nothing is folded for a stranger, whatever cuts its operations name', () => {
  const { ops, tip } = team()
  const governance = nodeWith(ops)
  const sides = Array.from({ length: 40 }, (_, i) =>
    operation({ by: alice, on: [tip], body: described(`side ${i}`), hlc: tip.hlc + 1n + BigInt(i) }),
  )
  for (const side of sides) expect(governance.receive(side).outcome).toBe('accepted')
  const kept = governance.stateAt([tip.id])
  let count = 0
  for (const a of sides) {
    for (const b of sides.slice(0, sides.indexOf(a))) {
      for (const body of [described('x'), joined(eve, eve)]) {
        const { outcome, reason } = governance.receive(operation({ by: eve, on: [a, b], body }))
        expect([outcome, reason]).toEqual(['invalid', expect.stringMatching(/is nobody here$/)])
      }
      count += 1
    }
  }
  expect(count).toBeGreaterThan(CUTS_KEPT_MAX)
  // The fold of so many cuts would have pushed it out.
  expect(governance.stateAt([tip.id])).toBe(kept)
})

test('the operation of who is not known yet waits, and counts once what makes its author known has come', () => {
  const [byBob, byCarol] = [
    operation({ by: bob, on: [genesis], body: joined(bob, alice) }),
    operation({ by: carol, on: [genesis], body: joined(carol, alice) }),
  ]
  const on = operation({ by: bob, on: [byBob, byCarol], body: described('bob', { of: bob }) })
  const governance = nodeWith([genesis, byCarol])
  expect(governance.receive(on)).toMatchObject({ outcome: 'pending', missing: [byBob.id] })
  expect(governance.receive(byBob).accepted).toEqual([byBob, on])
  // And from one who had never been heard of when the whole of it came first.
  const backwards = nodeWith([on, byCarol, byBob])
  expect(backwards.receive(genesis).accepted).toHaveLength(4)
  expect(backwards.heads()).toEqual([on.id])
})

test('who was a member once goes on to be judged at the cut it names', () => {
  const { ops, tip } = team()
  const gone = operation({
    by: alice,
    on: [tip],
    body: { kind: 'member_removed', groupId: genesis.namespaceId as never, account: bob.account },
  })
  const governance = nodeWith([...ops, gone])
  const beside = operation({ by: bob, on: [tip], body: described('bob', { of: bob }), hlc: tip.hlc + 9n })
  const after = operation({ by: bob, on: [gone], body: contexted(bob, 'c') })
  expect(governance.receive(beside).outcome).toBe('accepted')
  expect(governance.receive(after)).toMatchObject({ outcome: 'invalid', reason: 'the author may not create contexts' })
  expect(governance.heads()).toEqual([beside.id, gone.id].sort() as OpId[])
})
