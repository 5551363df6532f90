// The fold under random histories: any order of arrival, and against a second implementation of the rule.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat } from '../base/bytes.ts'
import { compareCanonical } from '../base/causal.ts'
import type { OpId } from '../base/ids.ts'
import type { OpBody, Operation, Role } from '../base/operations.ts'
import { ALL_CAPABILITIES, CAPABILITY } from './capabilities.ts'
import { Governance } from './governance.ts'
import { NamespaceSnapshot } from './namespace-snapshot.ts'
import type { NamespaceState } from './namespace-state.ts'
import { effectOf, refusalOf, reliesOn, revokedBy } from './rules/table.ts'
import {
  added,
  alice,
  applicationId,
  approved,
  bob,
  bytesOf,
  capable,
  carol,
  contextBy,
  contexted,
  dave,
  deleted,
  described,
  detached,
  eve,
  following,
  genesis,
  groupBy,
  grouped,
  hashOf,
  idOf,
  joined,
  known,
  moved,
  namespaceId,
  nodeWith,
  operation,
  type Person,
  proposed,
  removed,
  roled,
  secondApplication,
  team,
  upgraded,
} from './world.fixture.ts'

// A second implementation of the rule in segment.ts, straight from its words, without any caching.
class Paper {
  readonly #ops: Map<OpId, Operation>

  constructor(ops: Iterable<Operation>) {
    this.#ops = new Map([...ops].map((op) => [op.id, op]))
  }

  closure(heads: readonly OpId[]): Set<OpId> {
    const closure = new Set<OpId>()
    const work = [...heads]
    for (let id = work.pop(); id !== undefined; id = work.pop()) {
      if (!closure.has(id)) work.push(...(this.#ops.get(id)?.parents ?? []))
      closure.add(id)
    }
    return closure
  }

  sorted(ids: Set<OpId>): Operation[] {
    return [...ids].flatMap((id) => this.#ops.get(id) ?? []).sort(compareCanonical)
  }

  readonly #states = new Map<string, NamespaceSnapshot>()

  stateAt(heads: readonly OpId[]): NamespaceSnapshot {
    const key = heads.join()
    const known = this.#states.get(key)
    if (known !== undefined) return known
    const all = this.sorted(this.closure(heads))
    const empty = NamespaceSnapshot.empty(namespaceId)
    const pasts = new Map(all.map((op) => [op.id, this.closure(op.parents)]))
    const revocations = all.filter((op) => revokedBy(this.stateAt(op.parents), op) !== undefined)
    const standing = new Set<OpId>()
    for (const op of all) {
      const past = pasts.get(op.id) ?? new Set()
      let view = this.sorted(past)
        .filter(({ id }) => standing.has(id))
        .reduce(effectOf, empty)
      for (const other of revocations) {
        const isConcurrent = other.id !== op.id && !past.has(other.id) && !pasts.get(other.id)?.has(op.id)
        const target = revokedBy(this.stateAt(other.parents), other)
        if (isConcurrent && target !== undefined && reliesOn(op).includes(target)) view = effectOf(view, other)
      }
      if (revocations.includes(op) || refusalOf(view, op) === undefined) standing.add(op.id)
    }
    const state = all.filter(({ id }) => standing.has(id)).reduce(effectOf, empty)
    this.#states.set(key, state)
    return state
  }
}

const people = [alice, bob, carol, dave, eve]
const somebody = fc.constantFrom(...people)
const groups = [namespaceId, groupBy(alice, 'g0'), groupBy(alice, 'g1'), groupBy(bob, 'g0')]
const somewhere = fc.constantFrom(...groups)
const role = fc.constantFrom<Role>('Admin', 'Member', 'ReadOnly')
const context = fc.constantFrom(...[alice, bob, carol].flatMap((who) => [contextBy(who, 'c0'), contextBy(who, 'c1')]))
const application = fc.constantFrom(applicationId, secondApplication)
const visibility = fc.constantFrom('open' as const, 'restricted' as const)

/** One action of a proposal, but for the id. */
const DELETION = Uint8Array.of(1, 0, 0, 0, 5)

type Move = (by: Person, state: NamespaceState) => OpBody
/** Adds up to many refused and, thanks to the weights, many accepted operations. */
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ inviter: somebody, role, groupId: somewhere, salt: fc.constantFrom('1', '2', '3') }).map(
      ({ inviter, ...options }): Move =>
        (by) =>
          joined(by, inviter, options),
    ),
  },
  {
    weight: 5,
    arbitrary: fc.tuple(somebody, somewhere).map(
      ([who, where]): Move =>
        () =>
          removed(who, where),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(somebody, role, somewhere).map(
      ([who, as, where]): Move =>
        () =>
          added(who, as, where),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(somebody, role, somewhere).map(
      ([who, as, where]): Move =>
        () =>
          roled(who, as, where),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom(ALL_CAPABILITIES, CAPABILITY.manageMembers, 0),
        fc.option(somebody, { nil: undefined }),
        somewhere,
      )
      .map(
        ([bits, who, where]): Move =>
          () =>
            capable(bits, who, where),
      ),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom('g0', 'g1'), visibility, somewhere).map(
      ([label, seen, parent]): Move =>
        (by) =>
          grouped(by, label, seen, parent),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(somewhere, visibility).map(
      ([groupId, seen]): Move =>
        () => ({ kind: 'visibility_set', groupId, visibility: seen }),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(somewhere, somewhere).map(
      ([groupId, parentId]): Move =>
        () =>
          moved(groupId, parentId),
    ),
  },
  {
    weight: 1,
    arbitrary: somewhere.map(
      (groupId): Move =>
        () =>
          deleted(groupId),
    ),
  },
  {
    weight: 1,
    arbitrary: context.map(
      (contextId): Move =>
        () =>
          detached(contextId),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(somewhere, fc.option(somebody, { nil: undefined }), fc.option(context, { nil: undefined })).map(
      ([groupId, of, contextId]): Move =>
        (by) =>
          described(by.name, { groupId, ...(of && { of }), ...(contextId && { contextId }) }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(somebody, fc.boolean(), fc.boolean(), somewhere).map(
      ([who, ...rest]): Move =>
        () =>
          following(who, ...rest),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(somewhere, fc.boolean(), application).map(
      (args): Move =>
        () =>
          upgraded(...args),
    ),
  },
  {
    weight: 1,
    arbitrary: application.map(
      (id): Move =>
        () =>
          known(id),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom('c0', 'c1', 'c2'), somewhere).map(
      ([label, where]): Move =>
        (by) =>
          contexted(by, label, where),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom(contextBy(alice, 'c0'), contextBy(alice, 'c1')), fc.nat(3)).map(
      ([contextId, choice]): Move =>
        (_by, { contexts }) => {
          if (choice === 0) return proposed('p', contextId)
          if (choice === 1) return proposed('not p', contextId, concat([DELETION, bytesOf('p')]))
          const waits = contexts.get(contextId)?.proposals?.active.at(choice - 2)
          return approved({ id: waits?.op ?? genesis.id }, contextId)
        },
    ),
  },
)

/** Of operations. */
const KINDS = 20

interface Turn {
  /** The first that is allowed is done; when none is, or the turn is reckless, the first of all. */
  readonly ideas: readonly (readonly [Person, Move])[]
  readonly reckless: boolean
  /** Which replica it happens on; which one hears of it at once. */
  readonly at: number
  readonly tells: number | undefined
  readonly lag: number
}

const idea = fc.tuple(fc.oneof(fc.constantFrom(alice, bob, carol), somebody), move)
const turn: fc.Arbitrary<Turn> = fc.record({
  ideas: fc.array(idea, { minLength: 8, maxLength: 8 }),
  reckless: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  at: fc.nat(2),
  tells: fc.option(fc.nat(2), { nil: undefined, freq: 1 }),
  lag: fc.nat(3),
})

/** Three replicas that hear of each other now and then; operations that the author's own node refuses are sent too. */
function play(turns: readonly Turn[]): { accepted: Operation[]; refused: Operation[] } {
  const { ops: accepted } = team()
  const replicas = [0, 1, 2].map(() => nodeWith(accepted))
  const refused: Operation[] = []
  for (const { ideas, reckless, at, tells, lag } of turns) {
    const replica = replicas[at] ?? nodeWith([])
    const on = replica.heads().flatMap((id) => replica.get(id) ?? [])
    const latest = on
      .map(({ hlc }) => hlc)
      .sort((a, b) => Number(a - b))
      .at(-1)
    const drafts = ideas.map(([by, make]) =>
      operation({ by, on, body: make(by, replica.state()), hlc: (latest ?? 0n) + 1n + BigInt(lag) }),
    )
    const allowed = reckless ? undefined : drafts.find((draft) => replica.refusal(draft) === undefined)
    const op = allowed ?? drafts[0] ?? genesis
    const { outcome } = replica.receive(op)
    if (outcome === 'accepted') accepted.push(op)
    if (outcome === 'invalid') refused.push(op)
    const hearer = tells === undefined ? undefined : replicas[tells]
    if (hearer !== undefined) for (const each of replica.opsNotIn(hearer.heads(), 999)) hearer.receive(each)
  }
  return { accepted, refused }
}

const games = fc.array(turn, { minLength: 1, maxLength: 30, size: 'max' })

/** A shuffle that shrinks well enough: sort by a hash of the seed. */
function shuffled(ops: readonly Operation[], seed: number): Operation[] {
  const weight = (op: Operation) => idOf<OpId>(`${seed} ${op.id}`)
  return [...ops].sort((a, b) => (weight(a) < weight(b) ? -1 : 1))
}

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
    // The keys and what is pinned have tests of their own.
    expect(kinds.size).toBe(KINDS - 2)
  })
})
