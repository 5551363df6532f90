// Whose word on a removal counts, for whom, and how much of it.
import { expect, test } from 'vitest'
import type { DeltaId, OpId } from '../../base/ids.ts'
import type { OpBody, Operation, PinnedHeads } from '../../base/operations.ts'
import { WORD_HEADS_MAX } from '../limits.ts'
import { pinsFor, pinsOf } from '../removal-pins.ts'
import { c, closedGroup, tree } from '../testing/scenes.fixture.ts'
import type { Story } from '../testing/story.fixture.ts'
import {
  added,
  alice,
  bob,
  capable,
  carol,
  contextBy,
  contexted,
  dave,
  described,
  eve,
  genesis,
  hashOf,
  idOf,
  joined,
  namespaceId,
  nodeWith,
  operation,
  type Person,
  removed,
  roled,
  seen,
} from '../testing/world.fixture.ts'

const x = contextBy(alice, 'x')
const heads = (...labels: string[]) => labels.map((label) => idOf<DeltaId>(label)).sort()
const word = (account: Person['account'] | typeof c, removal: OpId, pinned: PinnedHeads): OpBody => ({
  kind: 'removal_pinned',
  account,
  removal,
  pinned,
})

/** Bob, carol and dave inherit group c, where the context is. */
const inherited = () =>
  tree()
    .does(carol, joined(carol, alice))
    .does(dave, joined(dave, alice))
    .does(alice, contexted(alice, 'x', c))

const last = ({ ops }: Story): Operation => ops.at(-1) ?? genesis
const nodeAfter = ({ ops }: Story, ...more: Operation[]) => nodeWith([genesis, ...ops, ...more])
const pinsIn = (node: ReturnType<typeof nodeWith>) =>
  node
    .state()
    .removalsIn(x)
    .map(([, each]) => pinsOf(each, x))

const losses: [string, () => Story, OpBody][] = [
  ['the right to open groups', inherited, capable(0, carol)],
  ['the group, because it closes', () => inherited().does(alice, added(dave, 'Member', c)), seen('restricted', c)],
  ['what its row had given', () => inherited().does(alice, added(carol, 'Member', c)), roled(carol, 'ReadOnly', c)],
]

test.each(losses)(
  'who has lost %s vouches for nobody on a cut from before, whatever the stamps',
  (_what, begin, loss) => {
    const story = begin().does(alice, capable(0, bob))
    const removal = last(story)
    const cut = last(story)
    for (const hlc of [cut.hlc + 1n, 1_000_000n]) {
      const takes = operation({ by: alice, on: [cut], body: loss, hlc: cut.hlc + 50n })
      const vouches = operation({
        by: carol,
        on: [cut],
        hlc,
        body: word(bob.account, removal.id, { [x]: heads('new') }),
      })
      const said = operation({ by: dave, on: [cut], body: word(bob.account, removal.id, { [x]: heads('had') }) })
      const ops = [takes, vouches, said]
      const node = nodeAfter(story, ...ops)
      expect(node.has(vouches.id)).toBe(true)
      expect(pinsIn(node)).toContainEqual(heads('had'))
      expect(hashOf(nodeAfter(story, ...ops.toReversed()))).toBe(hashOf(node))
    }
  },
)

test('two members that both lost a group do not vouch for each other without end', () => {
  const story = inherited()
  const [one, two] = [bob, carol].map((who) => operation({ by: alice, on: [last(story)], body: capable(0, who) }))
  if (!one || !two) throw new Error('nothing was taken')
  const words = [
    operation({ by: bob, on: [two], body: word(carol.account, two.id, { [x]: heads('of carol') }) }),
    operation({ by: carol, on: [one], body: word(bob.account, one.id, { [x]: heads('of bob') }) }),
  ]
  const node = nodeAfter(story, one, two, ...words)
  expect(words.map(({ id }) => node.has(id))).toEqual([true, true])
  expect(pinsIn(node)).toEqual([undefined, undefined])
})

test('what a witness has said before it lost the group counts, and what others say beside its loss', () => {
  const story = inherited().does(alice, capable(0, bob))
  const { id } = last(story)
  story.does(carol, word(bob.account, id, { [x]: heads('early') }))
  const loss = operation({ by: alice, on: [last(story)], body: capable(0, carol) })
  const beside = operation({ by: dave, on: [last(story)], body: word(bob.account, id, { [x]: heads('beside') }) })
  const node = nodeAfter(story, loss, beside)
  expect(pinsOf(node.state().removalsOf(bob.account)[0] ?? fail(), x)).toEqual(heads('early', 'beside'))
})

test('a loss that is void itself takes no word away', () => {
  const story = inherited().does(alice, roled(dave, 'Admin')).does(alice, capable(0, bob))
  const { id } = last(story)
  const on = [last(story)]
  const ops = [
    operation({ by: alice, on, body: removed(dave) }),
    operation({ by: dave, on, body: capable(0, carol) }),
    operation({ by: carol, on, body: word(bob.account, id, { [x]: heads('had') }) }),
  ]
  const state = nodeAfter(story, ...ops).state()
  expect(state.canWrite(x, carol.publicKey)).toBe(true)
  expect(pinsOf(state.removalsOf(bob.account)[0] ?? fail(), x)).toEqual(heads('had'))
})

test('who lost a group and has it again says what it had of others, and nothing of itself', () => {
  const story = inherited()
    .does(alice, added(dave, 'Member', c))
    .does(alice, seen('restricted', c))
  const { id } = last(story)
  story
    .does(alice, added(carol, 'Member', c))
    .does(dave, word(c, id, { [x]: heads('accepted') }))
    .does(carol, word(c, id, { [x]: heads('own and later', 'of bob') }))
  const removal = story.state.removalsOf(c)[0] ?? fail()
  expect(pinsFor(removal, x, carol.account)).toEqual([heads('accepted')])
  expect(pinsFor(removal, x, bob.account)).toEqual([heads('accepted', 'own and later', 'of bob')])
  expect(pinsFor(removal, x, bob.account)?.[0]).toBe(pinsFor(removal, x, eve.account)?.[0])
})

const many = (label: string, count = WORD_HEADS_MAX) =>
  heads(...Array.from({ length: count }, (_, i) => `${label} ${i}`))

test('an author says of one removal no more than there is room for, and takes none of the room of others', () => {
  const story = inherited().does(alice, capable(0, bob))
  const { id } = last(story)
  const says = (pinned: readonly DeltaId[]) => word(bob.account, id, { [x]: pinned })
  story.does(carol, says(many('one', WORD_HEADS_MAX - 1)))
  expect(story.refuses(carol, says(many('two', 2)))).toBe(
    `of one removal an author pins at most ${WORD_HEADS_MAX} heads of a context`,
  )
  expect(story.refuses(carol, says(many('one', 5)))).toBe('the author has said all of that')
  story.does(carol, says(heads('last'))).does(dave, says(many('of dave')))
  expect(story.state.removalsOf(bob.account)[0]?.witnessed?.[x]).toHaveLength(2 * WORD_HEADS_MAX)
})

test('forty words that did not see each other have the room of one, the same everywhere', () => {
  const story = inherited().does(alice, capable(0, bob))
  const { id } = last(story)
  const shared = many('shared', WORD_HEADS_MAX - 1)
  const words = Array.from({ length: 40 }, (_, i) =>
    operation({ by: carol, on: [last(story)], body: word(bob.account, id, { [x]: [...shared, ...heads(`of ${i}`)] }) }),
  )
  const honest = operation({ by: dave, on: [last(story)], body: word(bob.account, id, { [x]: heads('honest') }) })
  const node = nodeAfter(story, ...words, honest)
  expect(words.every((each) => node.has(each.id))).toBe(true)
  expect(node.state().removalsOf(bob.account)[0]?.witnessed?.[x]).toHaveLength(WORD_HEADS_MAX + 1)
  expect(hashOf(nodeAfter(story, honest, ...words.toReversed()))).toBe(hashOf(node))
})

test('what was pinned costs the operations after it nothing: the judgement and the digest are the same bytes', () => {
  const story = closedGroup().does(alice, removed(carol))
  const where = contextBy(bob, 'c')
  story.does(bob, word(carol.account, last(story).id, { [where]: many('pinned') }))
  const before = [story.state.judgement(where), story.state.removalsDigest(namespaceId)]
  story.does(alice, described('something else'))
  const after = [story.state.judgement(where), story.state.removalsDigest(namespaceId)]
  after.forEach((bytes, i) => {
    expect(bytes).toBe(before[i])
  })
})

function fail(): never {
  throw new Error('nothing was taken')
}
