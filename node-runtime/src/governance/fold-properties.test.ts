// The fold under random histories: any order of arrival, and against a second implementation of the rule.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Governance } from './governance.ts'
import { games, groups, KINDS, openGroups, people, play, shuffled, wordGames } from './testing/games.fixture.ts'
import { Paper } from './testing/paper.fixture.ts'
import { hashOf, namespaceId, nodeWith } from './testing/world.fixture.ts'

describe('any order of arrival', () => {
  test('gives the same accepted operations, heads and state; what one node refuses, all refuse', () => {
    fc.assert(
      fc.property(games, fc.nat(), (turns, seed) => {
        const { accepted, refused } = play(turns)
        const inOrder = nodeWith(accepted)
        expect(inOrder.size).toBe(new Set(accepted.map(({ id }) => id)).size)
        const node = nodeWith(shuffled([...accepted, ...refused], seed))
        expect(node.heads()).toEqual(inOrder.heads())
        expect(node.size).toBe(inOrder.size)
        expect(node.pendingCount).toBe(0)
        for (const { id } of refused) expect(node.has(id)).toBe(false)
        expect(hashOf(node)).toBe(hashOf(inOrder))
        expect(hashOf(Governance.restore(namespaceId, shuffled(accepted, seed + 1)))).toBe(hashOf(inOrder))
      }),
      { numRuns: 100 },
    )
  })

  test('the state at every cut is what the rule on paper gives', () => {
    fc.assert(
      fc.property(games, fc.nat(), fc.array(fc.nat(40), { maxLength: 3 }), (turns, seed, picks) => {
        const { accepted } = play(turns)
        const node = nodeWith(shuffled(accepted, seed))
        const paper = new Paper(accepted)
        const chosen = [...new Set(picks.flatMap((pick) => accepted[pick % accepted.length]?.id ?? []))].sort()
        for (const cut of [node.heads(), chosen, ...accepted.map(({ id }) => [id])]) {
          expect(node.stateAt(cut)?.groupStateHash(namespaceId)).toBe(paper.stateAt(cut).groupStateHash(namespaceId))
        }
      }),
      { numRuns: 100 },
    )
  })

  test('what witnesses say counts at every cut as the rule on paper has it, in any order', () => {
    const seen = { words: 0, lost: 0 }
    fc.assert(
      fc.property(wordGames, fc.nat(), (turns, seed) => {
        const { accepted } = play(turns, openGroups())
        const node = nodeWith(shuffled(accepted, seed))
        const paper = new Paper(accepted)
        for (const cut of [node.heads(), ...accepted.map(({ id }) => [id])]) {
          expect(node.stateAt(cut)?.groupStateHash(namespaceId)).toBe(paper.stateAt(cut).groupStateHash(namespaceId))
        }
        const spoken = accepted.flatMap(({ author, body }) =>
          body.kind === 'removal_pinned' ? [`${body.removal} ${author}`] : [],
        )
        const all = [...people.map(({ account }) => account), ...groups]
        const heard = all.flatMap((who) =>
          node
            .state()
            .removalsOf(who)
            .flatMap(({ said = [] }) => said),
        )
        seen.words += heard.length
        seen.lost += new Set(spoken).size - heard.length
      }),
      { numRuns: 60 },
    )
    expect(seen.words).toBeGreaterThan(10)
    expect(seen.lost).toBeGreaterThan(10)
  })

  test('the games reach what they are meant to: accepted, refused, concurrent and void operations', () => {
    const seen = { accepted: 0, refused: 0, forks: 0, revocations: 0, contextsLost: 0 }
    const kinds = new Set<string>()
    for (const turns of fc.sample(games, { numRuns: 200, seed: 2 })) {
      const { accepted, refused } = play(turns)
      const node = nodeWith(accepted)
      seen.accepted += accepted.length
      seen.refused += refused.length
      for (const { body } of accepted) kinds.add(body.kind)
      seen.forks += node.heads().length > 1 ? 1 : 0
      seen.revocations += accepted.filter(({ body }) => body.kind === 'member_removed').length
      const made = accepted.flatMap(({ body }) => (body.kind === 'context_created' ? [body.contextId] : []))
      seen.contextsLost += new Set(made).size - node.state().contexts.size
    }
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(10)
    // The keys have tests of their own, and what is pinned a game.
    expect(kinds.size).toBe(KINDS - 2)
  })
})
