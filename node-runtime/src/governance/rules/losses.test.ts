// What members lose that stay: groups they had inherited, or the right to write in them. Keys change, and what they write
// on an older cut counts no more than what a removed member does.
import { expect, test } from 'vitest'
import type { DeltaId } from '../../base/ids.ts'
import type { OpBody } from '../../base/operations.ts'
import { ALL_CAPABILITIES, CAPABILITY } from '../capabilities.ts'
import { pinsOf } from '../removal-pins.ts'
import { a, b, c, rotated, tree } from '../testing/scenes.fixture.ts'
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
  genesis,
  groupBy,
  grouped,
  hashOf,
  idOf,
  joined,
  moved,
  namespaceId,
  nodeWith,
  operation,
  roled,
  seen,
} from '../testing/world.fixture.ts'

const contextId = contextBy(alice, 'x')
const NO_JOINING = ALL_CAPABILITIES & ~CAPABILITY.joinOpenSubgroups

/** As `tree`, with carol in the namespace, too, and a context in group c. */
const inherited = () =>
  tree()
    .does(carol, joined(carol, alice))
    .does(alice, contexted(alice, 'x', c))

/** As `inherited`, with bob an admin of the namespace that has no right to open groups of its own. */
const withAdmin = () => inherited().does(alice, capable(0, bob)).does(alice, roled(bob, 'Admin'))

const fits = ({ state }: Story, ...ids: (typeof a)[]) => ids.map((id) => state.fittingKeys(id).length > 0)

/** Gives every group a key that fits. */
function renewed(story: Story): Story {
  for (const groupId of [namespaceId, a, b, c]) {
    if (story.state.fittingKeys(groupId).length > 0) continue
    story.does(alice, rotated(story, `key ${groupId} ${story.ops.length}`, groupId))
  }
  return story
}

test.each<[string, () => Story, OpBody]>([
  ['the right to open groups is taken away', inherited, capable(NO_JOINING, bob)],
  ['an admin becomes a member without that right', withAdmin, roled(bob, 'Member')],
])('when %s, what was inherited needs another key, and the group itself does not', (_what, begin, loss) => {
  const story = renewed(begin())
  const cut = story.state
  expect(story.state.roleIn(c, bob.account)).toBeDefined()
  story.does(alice, loss)
  expect(story.state.roleIn(c, bob.account)).toBeUndefined()
  expect(fits(story, namespaceId, a, b, c)).toEqual([true, false, false, false])
  expect(story.state.removalsUnseen(contextId, bob.publicKey, cut)).toHaveLength(1)
  expect(story.state.removalsUnseen(contextId, bob.publicKey, story.state)).toEqual([])
  expect(story.state.removalsUnseen(contextId, carol.publicKey, cut)).toEqual([])
})

test('a right that is taken from the default is lost by members without a value of their own', () => {
  const story = renewed(inherited().does(dave, joined(dave, alice)))
  const cut = story.state
  story.does(alice, capable(0))
  // Each has the value that was the default when it came.
  expect([bob, carol, dave].map(({ account }) => story.state.roleIn(c, account))).toEqual([
    'Member',
    'Member',
    'Member',
  ])
  expect(fits(story, namespaceId, a, c)).toEqual([true, false, false])
  for (const { publicKey } of [bob, carol, dave]) {
    expect(story.state.removalsUnseen(contextId, publicKey, cut)).toEqual([])
  }
})

test('who comes beside the change of the default has inherited nothing that it could write to for ever', () => {
  const story = inherited()
  const on = story.ops.slice(-1)
  const change = operation({ by: alice, on, body: capable(0), hlc: 100n })
  const comes = operation({ by: dave, on, body: joined(dave, alice), hlc: 101n })
  const node = nodeWith([genesis, ...story.ops, change, comes])
  const cut = node.stateAt([comes.id])
  expect([cut?.roleIn(c, dave.account), node.state().roleIn(c, dave.account)]).toEqual(['Member', undefined])
  expect(cut && node.state().removalsUnseen(contextId, dave.publicKey, cut)).toHaveLength(1)
  expect(node.state().fittingKeys(c)).toEqual([])
})

test.each<[string, OpBody, boolean]>([
  ['closes', seen('restricted', c), true],
  ['is beneath one that closes', seen('restricted', a), true],
  ['moves beneath one that it has, too', moved(c, b), false],
])('who inherited a group that %s writes on older cuts: lost %s', (_what, change, isLost) => {
  const story = inherited().does(alice, added(carol, 'Member', c))
  const cut = story.state
  story.does(alice, change)
  const unseen = (who: typeof bob) => story.state.removalsUnseen(contextId, who.publicKey, cut).length
  expect([unseen(bob), unseen(carol), unseen(alice)]).toEqual([isLost ? 1 : 0, 0, 0])
  expect(story.state.canWrite(contextId, bob.publicKey)).toBe(!isLost)
  expect(fits(story, c)).toEqual([false])
})

test('who came beside the closing is cut off like those who were there, whatever the stamps', () => {
  for (const hlc of [50n, 150n]) {
    const story = inherited()
    const on = story.ops.slice(-1)
    const closing = operation({ by: alice, on, body: seen('restricted', c), hlc: 100n })
    const comes = operation({ by: dave, on, body: joined(dave, alice), hlc })
    const ops = [genesis, ...story.ops, closing, comes]
    const node = nodeWith(ops)
    const cut = node.stateAt([comes.id])
    expect(cut?.canWrite(contextId, dave.publicKey)).toBe(true)
    expect(cut && node.state().removalsUnseen(contextId, dave.publicKey, cut)).toHaveLength(1)
    expect(hashOf(nodeWith(ops.toReversed()))).toBe(hashOf(node))
  }
})

test('those who write in the group still say what was accepted; those who lost it do not', () => {
  const story = inherited()
    .does(alice, added(carol, 'Member', c))
    .does(alice, seen('restricted', c))
  const [closing] = story.state.removalsOf(c)
  if (!closing) throw new Error('nothing was closed')
  const pinned = { [contextId]: [idOf<DeltaId>('accepted')] }
  const body: OpBody = { kind: 'removal_pinned', account: c, removal: closing.op, pinned }
  expect(story.refuses(bob, body)).toBe('it pins what is not the author’s to write')
  const before = story.state.judgement(contextId)
  story.does(carol, body)
  const after = story.state.removalsOf(c).map((removal) => pinsOf(removal, contextId))
  expect(after).toEqual([[idOf('accepted')]])
  expect(story.state.judgement(contextId)).not.toEqual(before)
  expect(story.state.removalsIn(contextId).map(([who]) => who)).toEqual([c])
})

test('a row of its own that is less than what a member had inherited takes the difference', () => {
  const story = renewed(inherited().does(alice, capable(0, undefined, a)))
  const cut = story.state
  expect(story.state.canWrite(contextId, bob.publicKey)).toBe(true)
  story.does(alice, added(bob, 'Member', a)).does(alice, added(carol, 'ReadOnly', a))
  expect([bob, carol].map(({ publicKey }) => story.state.canWrite(contextId, publicKey))).toEqual([false, false])
  const how = (who: typeof bob) => story.state.removalsUnseen(contextId, who.publicKey, cut).map((each) => each.how)
  expect([how(bob), how(carol)]).toEqual([['shut beneath'], ['lowered']])
  expect(fits(story, namespaceId, a, b, c)).toEqual([true, false, true, false])
})

test('a group that is made after such a loss starts with a key that fits', () => {
  const story = inherited().does(alice, capable(NO_JOINING, bob))
  const covers = story.state.removalsDigestBeneath(namespaceId)
  story.does(alice, grouped(alice, 'later', 'open', namespaceId, covers))
  expect(fits(story, groupBy(alice, 'later'))).toEqual([true])
})

test('a group may open and close without end: keys that fit no more make room', () => {
  const story = renewed(inherited())
  for (let i = 0; i < 40; i += 1) {
    renewed(story.does(alice, seen('restricted', c)).does(alice, seen('open', c)))
    expect(fits(story, c)).toEqual([true])
  }
  expect(story.state.groups.get(c)?.keys).toHaveLength(1)
})
