// What was accepted from a removed member: who may say it, and what follows from it.
import { expect, test } from 'vitest'
import { type Bytes, toHex } from '../../base/bytes.ts'
import type { ContextId, DeltaId, OpId } from '../../base/ids.ts'
import type { OpBody, PinnedHeads } from '../../base/operations.ts'
import type { Removal } from '../namespace-state.ts'
import { isSettled, pinsOf } from '../removal-pins.ts'
import { closedGroup, closedContext as contextId, closed as group } from '../testing/scenes.fixture.ts'
import type { Story } from '../testing/story.fixture.ts'
import {
  added,
  alice,
  bob,
  carol,
  contextBy,
  contexted,
  dave,
  eve,
  groupBy,
  grouped,
  idOf,
  joined,
  namespaceId,
  nodeWith,
  operation,
  removed,
  roled,
} from '../testing/world.fixture.ts'

const heads = (...labels: string[]) => labels.map((label) => idOf<DeltaId>(label)).sort()
const pin = (removal: OpId, pinned: PinnedHeads, { account } = carol): OpBody => ({
  kind: 'removal_pinned',
  account,
  removal,
  pinned,
})

const removalOf = (story: Story, { account } = carol): Removal => {
  const removal = story.state.removalsOf(account).at(-1)
  if (!removal) throw new Error('nobody was removed')
  return removal
}

test('who removes a member pins the contexts it writes, and no others', () => {
  const pinned = { [contextId]: heads('h') }
  const body: OpBody = { kind: 'member_removed', groupId: namespaceId, account: carol.account, pinned }
  expect(closedGroup().refuses(alice, body)).toBe('it pins what is not the author’s to write')
  const removal = removalOf(closedGroup().does(bob, body))
  expect([pinsOf(removal, contextId), isSettled(removal, contextId)]).toEqual([heads('h'), true])
})

test('where it had no context, those who had it say what they had accepted, and all of that counts', () => {
  const story = closedGroup().does(alice, removed(carol))
  const removal = removalOf(story)
  expect(pinsOf(removal, contextId)).toBeUndefined()
  story.does(bob, pin(removal.op, { [contextId]: heads('b', 'a') }))
  story.does(dave, pin(removal.op, { [contextId]: heads('c', 'a') }))
  expect(pinsOf(removalOf(story), contextId)).toEqual(heads('a', 'b', 'c'))
  expect(isSettled(removalOf(story), contextId)).toBe(false)
})

test('said at the same time it is the same whatever the order', () => {
  const story = closedGroup().does(alice, removed(carol))
  const { op } = removalOf(story)
  const last = story.ops.at(-1)
  if (!last) throw new Error('nothing happened')
  const [one, two] = [
    operation({ by: bob, on: [last], body: pin(op, { [contextId]: heads('x') }) }),
    operation({ by: dave, on: [last], body: pin(op, { [contextId]: [] }) }),
  ]
  const base = [...nodeWith([]).opsNotIn([], 0), ...story.governance.opsNotIn([], 99)]
  const [a, b] = [nodeWith([...base, one, two]), nodeWith([...base, two, one])]
  expect(a.state().judgement(contextId)).toEqual(b.state().judgement(contextId))
  expect(a.state().removalsOf(carol.account)).toEqual(b.state().removalsOf(carol.account))
})

test.each([
  ['the removed member itself', carol, 'the author has come after the removal'],
  ['a stranger', eve, 'the author has come after the removal'],
  ['who does not write in the context', alice, 'it pins what is not the author’s to write'],
] as const)('%s says nothing', (_who, by, reason) => {
  const story = closedGroup().does(alice, removed(carol))
  expect(story.refuses(by, pin(removalOf(story).op, { [contextId]: [] }))).toBe(reason)
})

test('who has come later knows nothing of what was accepted before, and nobody of a removal that never was', () => {
  const story = closedGroup().does(alice, removed(carol))
  story.does(eve, joined(eve, alice)).does(bob, added(eve, 'Member', group))
  const { op } = removalOf(story)
  expect(story.refuses(eve, pin(op, { [contextId]: [] }))).toBe('the author has come after the removal')
  expect(story.refuses(bob, pin(idOf<OpId>('none'), { [contextId]: [] }))).toBe('no such removal')
  expect(story.refuses(bob, pin(op, {}))).toBe('it pins nothing')
})

test('a removal from elsewhere is not pinned, and of one that is settled no more is said', () => {
  const other = groupBy(bob, 'other')
  const story = closedGroup()
    .does(bob, grouped(bob, 'other', 'restricted'))
    .does(bob, added(carol, 'Member', other))
  story.does(bob, removed(carol, other))
  expect(story.refuses(dave, pin(removalOf(story).op, { [contextId]: [] }))).toBe('the removal is not from there')
  const pinned = { [contextId]: heads('h') }
  story.does(bob, { kind: 'member_removed', groupId: namespaceId, account: carol.account, pinned })
  const settled = removalOf(story)
  expect(story.refuses(dave, pin(settled.op, { [contextId]: [] }))).toBe('whoever removed the member has said it')
})

test('who leaves names what it wrote, and what others had accepted counts besides', () => {
  const story = closedGroup().does(carol, {
    kind: 'member_removed',
    groupId: namespaceId,
    account: carol.account,
    pinned: { [contextId]: heads('own') },
  })
  const left = removalOf(story)
  expect([pinsOf(left, contextId), isSettled(left, contextId)]).toEqual([undefined, false])
  story.does(bob, pin(left.op, { [contextId]: heads('seen') }))
  expect(pinsOf(removalOf(story), contextId)).toEqual(heads('own', 'seen'))
})

test('the judgement of a context changes with its removals and with what they pin there, and with nothing else', () => {
  const story = closedGroup()
  const seen: Bytes[] = [story.state.judgement(contextId)]
  const noted = () => seen.push(story.state.judgement(contextId))
  expect(seen[0]).toEqual(new Uint8Array(32))
  story.does(alice, removed(carol))
  noted()
  story.does(bob, pin(removalOf(story).op, { [contextId]: [] }))
  noted()
  story.does(bob, pin(removalOf(story).op, { [contextId]: heads('h') }))
  noted()
  expect(new Set(seen.map(toHex)).size).toBe(4)
  story
    .does(bob, contexted(bob, 'second', group))
    .does(bob, pin(removalOf(story).op, { [contextBy(bob, 'second')]: [] }))
  expect(story.state.judgement(contextId)).toEqual(seen.at(-1))
  expect(story.state.removalsDigest(group)).toEqual(
    closedGroup().does(alice, removed(carol)).state.removalsDigest(group),
  )
})

const lowered = ({ account }: typeof carol, pinned?: PinnedHeads): OpBody => ({
  kind: 'role_set',
  groupId: group,
  account,
  role: 'ReadOnly',
  ...(pinned === undefined ? {} : { pinned }),
})

test('a writer that may only read from now on is cut off like a removed one, and reads on', () => {
  const story = closedGroup()
  const before = story.state
  story.does(bob, lowered(carol, { [contextId]: heads('h') }))
  const { state } = story
  expect([state.roleIn(group, carol.account), state.canWrite(contextId, carol.publicKey)]).toEqual(['ReadOnly', false])
  expect(state.removalsUnseen(contextId, carol.publicKey, before)).toEqual([removalOf(story)])
  expect(state.removalsUnseen(contextId, carol.publicKey, state)).toEqual([])
  expect([removalOf(story).how, pinsOf(removalOf(story), contextId)]).toEqual(['lowered', heads('h')])
  expect(isSettled(removalOf(story), contextId)).toBe(true)
  expect(state.fittingKeys(group)).toEqual([])
  // Again a writer, it goes on from a cut that knows.
  story.does(bob, { kind: 'role_set', groupId: group, account: carol.account, role: 'Member' })
  expect(story.state.removalsUnseen(contextId, carol.publicKey, story.state)).toEqual([])
  expect(story.state.removalsUnseen(contextId, carol.publicKey, before)).toHaveLength(1)
})

test('only what takes the right to write pins, and only what is the author’s to write', () => {
  const story = closedGroup()
  const pinned = { [contextId]: heads('h') }
  const role: OpBody = { kind: 'role_set', groupId: group, account: carol.account, role: 'Admin', pinned }
  expect(story.refuses(bob, role)).toBe('it pins what a writer goes on to write')
  expect(story.refuses(bob, lowered(carol, { [contextBy(bob, 'none')]: [] }))).toBe(
    'it pins what is not the author’s to write',
  )
  story.does(bob, lowered(carol)).does(bob, lowered(carol, pinned))
  expect(story.state.removalsOf(carol.account)).toHaveLength(1)
})

test('who may only read in the namespace from now on goes on to write where it has a role of its own', () => {
  const story = closedGroup().does(bob, grouped(bob, 'open', 'open'))
  story.does(bob, contexted(bob, 'inherited', groupBy(bob, 'open')))
  const cut = story.state
  const { state } = story.does(alice, roled(carol, 'ReadOnly'))
  const unseenIn = (id: ContextId) => state.removalsUnseen(id, carol.publicKey, cut).map(({ how }) => how)
  expect([state.canWrite(contextId, carol.publicKey), unseenIn(contextId)]).toEqual([true, []])
  expect(unseenIn(contextBy(bob, 'inherited'))).toEqual(['lowered'])
})
