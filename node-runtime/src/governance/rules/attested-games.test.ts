// Attested members under random histories: the rule on paper, the policy in force, and who holds a key that fits.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NamespaceState } from '../namespace-state.ts'
import { fleetGames } from '../testing/fleet.fixture.ts'
import { play, shuffled } from '../testing/games.fixture.ts'
import { Paper } from '../testing/paper.fixture.ts'
import { hashOf, namespaceId, nodeWith } from '../testing/world.fixture.ts'
import { refusalBy } from './attested.ts'

function attestedIn(state: NamespaceState) {
  return [...state.members.values()].filter(({ account }) => state.roleIn(namespaceId, account) === 'ReadOnlyTee')
}

test('in any order nodes agree, at every cut as the rule on paper has it', () => {
  fc.assert(
    fc.property(fleetGames, fc.nat(), (turns, seed) => {
      const { accepted } = play(turns)
      const node = nodeWith(shuffled(accepted, seed))
      const paper = new Paper(accepted)
      expect(hashOf(node)).toBe(hashOf(nodeWith(accepted)))
      for (const cut of [node.heads(), ...accepted.map(({ id }) => [id])]) {
        expect(node.stateAt(cut)?.groupStateHash(namespaceId)).toBe(paper.stateAt(cut).groupStateHash(namespaceId))
      }
    }),
    { numRuns: 15 },
  )
})

test('at every cut those are in that its policy lets in; who is out holds no key that fits, whoever gave it one', () => {
  const seen = { in: 0, outAgain: 0 }
  fc.assert(
    fc.property(fleetGames, (turns) => {
      const { accepted } = play(turns)
      const node = nodeWith(accepted)
      const now = node.state()
      for (const { id } of accepted) {
        const then = node.stateAt([id])
        if (!then) throw new Error('a cut is unknown')
        const policy = then.groups.get(namespaceId)?.teePolicy
        for (const { account, attested } of attestedIn(then)) {
          seen.in += 1
          expect(attested && refusalBy(policy, attested)).toBeUndefined()
          for (const groupId of then.groups.keys()) {
            expect(then.groups.get(groupId)?.members.has(account)).toBe(groupId === namespaceId)
            if (now.roleIn(groupId, account) !== undefined) continue
            seen.outAgain += 1
            const held = new Set(then.fittingKeys(groupId))
            expect(now.fittingKeys(groupId).filter((key) => held.has(key))).toEqual([])
          }
        }
      }
    }),
    { numRuns: 25 },
  )
  expect(seen.in).toBeGreaterThan(0)
  expect(seen.outAgain).toBeGreaterThan(0)
})
