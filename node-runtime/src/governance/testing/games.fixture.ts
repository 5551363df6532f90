// Random histories of a namespace, on three replicas that hear of each other now and then.
import fc from 'fast-check'
import { concat } from '../../base/bytes.ts'
import type { DeltaId, OpId } from '../../base/ids.ts'
import type { OpBody, Operation, Role } from '../../base/operations.ts'
import { ALL_CAPABILITIES, CAPABILITY } from '../capabilities.ts'
import type { NamespaceState } from '../namespace-state.ts'
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

export const people = [alice, bob, carol, dave, eve]
const somebody = fc.constantFrom(...people)
export const groups = [namespaceId, groupBy(alice, 'g0'), groupBy(alice, 'g1'), groupBy(bob, 'g0')]
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
export const KINDS = 20

export interface Turn {
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
export function play(
  turns: readonly Turn[],
  { ops: accepted } = team(),
): { accepted: Operation[]; refused: Operation[] } {
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

/** An open group of alice, where all of the team have a context of hers; a second one beneath it. */
export function openGroups(): { ops: Operation[]; tip: Operation } {
  let { ops, tip } = team()
  const [g, h] = [groupBy(alice, 'g0'), groupBy(alice, 'g1')]
  const bodies = [grouped(alice, 'g0', 'open'), grouped(alice, 'g1', 'open', g), contexted(alice, 'c0', h)]
  for (const body of bodies) {
    tip = operation({ by: alice, on: [tip], body })
    ops = [...ops, tip]
  }
  return { ops, tip }
}

const inGroups = fc.constantFrom(namespaceId, groupBy(alice, 'g0'), groupBy(alice, 'g1'))
const loss: fc.Arbitrary<Move> = fc.oneof(
  fc.tuple(fc.constantFrom(ALL_CAPABILITIES, 0), somebody, inGroups).map(
    (args): Move =>
      () =>
        capable(...args),
  ),
  fc.tuple(visibility, inGroups).map(
    ([seen, groupId]): Move =>
      () => ({
        kind: 'visibility_set',
        groupId,
        visibility: seen,
      }),
  ),
  fc.tuple(somebody, role, inGroups).map(
    (args): Move =>
      () =>
        added(...args),
  ),
  fc.tuple(somebody, role, inGroups).map(
    (args): Move =>
      () =>
        roled(...args),
  ),
  fc.tuple(somebody, inGroups).map(
    (args): Move =>
      () =>
        removed(...args),
  ),
)
const saying: fc.Arbitrary<Move> = fc.tuple(fc.nat(3), fc.constantFrom('h0', 'h1', 'h2')).map(
  ([choice, head]): Move =>
    (_by, state) => {
      const at = contextBy(alice, 'c0')
      const [account, removal] = state.removalsIn(at).at(-1 - choice) ?? [namespaceId, { op: genesis.id }]
      return { kind: 'removal_pinned', account, removal: removal.op, pinned: { [at]: [idOf<DeltaId>(head)] } }
    },
)
const wordTurn: fc.Arbitrary<Turn> = fc.record({
  ideas: fc
    .tuple(
      fc.array(fc.tuple(somebody, loss), { minLength: 4, maxLength: 4 }),
      fc.array(fc.tuple(somebody, saying), { minLength: 4, maxLength: 4 }),
      fc.boolean(),
    )
    .map(([losses, words, isWord]) => (isWord ? [...words, ...losses] : losses)),
  reckless: fc.constant(false),
  at: fc.nat(2),
  tells: fc.option(fc.nat(2), { nil: undefined, freq: 1 }),
  lag: fc.nat(3),
})
export const wordGames = fc.array(wordTurn, { minLength: 1, maxLength: 30, size: 'max' })

export const games = fc.array(turn, { minLength: 1, maxLength: 30, size: 'max' })

/** Long enough for what lies between heads to be kept and to grow; little is told meanwhile. */
export const longGames = fc.array(turn, { minLength: 80, maxLength: 110, size: 'max' })

/** A shuffle that shrinks well enough: sort by a hash of the seed. */
export function shuffled(ops: readonly Operation[], seed: number): Operation[] {
  const weight = (op: Operation) => idOf<OpId>(`${seed} ${op.id}`)
  return [...ops].sort((a, b) => (weight(a) < weight(b) ? -1 : 1))
}
