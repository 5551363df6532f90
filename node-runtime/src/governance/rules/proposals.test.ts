// Proposals of a context: who makes and approves them, how many are enough, and what each action does.
import { expect, test } from 'vitest'
import { type Bytes, concat, utf8 } from '../../base/bytes.ts'
import type { ProposalId } from '../../base/ids.ts'
import { PROPOSALS_ACTIVE_MAX, PROPOSALS_DONE_KEPT, PROPOSED_VALUES_MAX } from '../limits.ts'
import { readActions } from '../proposals.ts'
import { Story } from '../story.fixture.ts'
import {
  alice,
  approved,
  bob,
  bytesOf,
  carol,
  contextBy,
  contexted,
  dave,
  detached,
  eve,
  idOf,
  joined,
  namespaceId,
  proposed,
  removed,
  roled,
} from '../world.fixture.ts'

const contextId = contextBy(alice, 'c')

const u32 = (value: number): Bytes => new Uint8Array(Uint32Array.of(value).buffer)
const some = (bytes: Bytes): Bytes => concat([u32(bytes.byteLength), bytes])
const actions = (...list: Bytes[]): Bytes => concat([u32(list.length), ...list])
const setNeeded = (count: number) => concat([Uint8Array.of(2), u32(count)])
const setLimit = (count: number) => concat([Uint8Array.of(3), u32(count)])
const setValue = (key: string, value: string) => concat([Uint8Array.of(4), some(utf8(key)), some(utf8(value))])
const deleting = (label: string) => concat([Uint8Array.of(5), bytesOf(label)])
const transfer = concat([Uint8Array.of(1), some(utf8('bob.near')), u32(5), u32(0), u32(0), u32(1)])
const callOut = concat([Uint8Array.of(0), ...['shop', 'buy', '{}'].map((text) => some(utf8(text))), new Uint8Array(16)])
const ONE = actions(transfer)

/** Alice, bob, carol and dave write in a context; eve is nobody. */
const world = () =>
  new Story(
    [alice, contexted(alice, 'c')],
    [bob, joined(bob, alice)],
    [carol, joined(carol, alice)],
    [dave, joined(dave, alice)],
  )

const proposalsOf = (story: Story) => story.state.contexts.get(contextId)?.proposals
const activeOf = (story: Story) => proposalsOf(story)?.active.map(({ id }) => id)
const doneOf = (story: Story) => proposalsOf(story)?.done.map(({ id }) => id)
const ids = (...labels: string[]) => labels.map((label) => idOf<ProposalId>(label))

test('three approvals, the author’s among them, carry a proposal out; then it waits no longer', () => {
  const story = world()
    .does(bob, proposed('p', contextId, ONE))
    .does(alice, approved('p', contextId))
  expect(proposalsOf(story)?.active).toEqual([
    expect.objectContaining({ author: bob.publicKey, actions: ONE, approvals: [bob.publicKey, alice.publicKey] }),
  ])
  expect(story.refuses(alice, approved('p', contextId))).toBe('the author has approved it already')
  story.does(carol, approved('p', contextId))
  expect([activeOf(story), doneOf(story)]).toEqual([[], ids('p')])
  expect(proposalsOf(story)?.done[0]).toMatchObject({ author: bob.publicKey, actions: ONE, by: story.ops.at(-1)?.id })
  expect(story.refuses(dave, approved('p', contextId))).toBe('no such proposal waits for approval')
  expect(story.refuses(bob, proposed('p', contextId, ONE))).toBe('there is a proposal of this id')
})

test('where fewer may write than are needed, all of them are enough', () => {
  const two = new Story([alice, contexted(alice, 'c')], [bob, joined(bob, alice)])
  two.does(alice, proposed('p', contextId, ONE))
  expect(activeOf(two)).toEqual(ids('p'))
  two.does(bob, approved('p', contextId))
  expect(doneOf(two)).toEqual(ids('p'))
  const one = new Story([alice, contexted(alice, 'c')]).does(alice, proposed('p', contextId, ONE))
  expect(doneOf(one)).toEqual(ids('p'))
})

test('only who may write in the context takes part, and approvals of others count no longer', () => {
  const story = world()
  expect(story.refuses(eve, proposed('p', contextId))).toMatch(/only who may write/)
  story.does(alice, roled(dave, 'ReadOnly'))
  expect(story.refuses(dave, proposed('p', contextId))).toMatch(/only who may write/)
  expect(story.refuses(bob, proposed('p', contextBy(bob, 'none')))).toBe('no such context')
  story.does(bob, proposed('p', contextId, ONE)).does(carol, approved('p', contextId))
  story.does(alice, removed(bob)).does(alice, roled(dave, 'Member'))
  story.does(dave, approved('p', contextId))
  expect(activeOf(story)).toEqual(ids('p'))
  story.does(alice, approved('p', contextId))
  expect(doneOf(story)).toEqual(ids('p'))
})

test('actions set how many are needed and may wait, set values, and take other proposals away', () => {
  const story = world()
  const pass = (label: string, ...list: Bytes[]) => {
    story.does(alice, proposed(label, contextId, actions(...list)))
    for (const who of [bob, carol])
      if (activeOf(story)?.includes(idOf(label))) story.does(who, approved(label, contextId))
  }
  story.does(bob, proposed('waits', contextId, ONE))
  pass('settings', setValue('b', '1'), setValue('a', '2'), setValue('b', '3'), setLimit(2), deleting('waits'), callOut)
  expect(proposalsOf(story)).toMatchObject({ activeMax: 2, approvalsNeeded: 3, active: [] })
  expect(proposalsOf(story)?.values).toEqual([
    { key: utf8('a'), value: utf8('2') },
    { key: utf8('b'), value: utf8('3') },
  ])
  story.does(alice, proposed('1', contextId, ONE)).does(alice, proposed('2', contextId, ONE))
  expect(story.refuses(bob, proposed('3', contextId, ONE))).toBe('2 proposals wait for approval already')
  for (const who of [bob, carol]) story.does(who, approved('1', contextId))
  pass('one is enough', setNeeded(1), setLimit(1_000_000))
  expect(proposalsOf(story)).toMatchObject({ approvalsNeeded: 1, activeMax: PROPOSALS_ACTIVE_MAX })
  for (let index = 0; index < PROPOSED_VALUES_MAX + 5; index += 1) pass(`v${index}`, setValue(`v${index}`, 'x'))
  expect(proposalsOf(story)?.values).toHaveLength(PROPOSED_VALUES_MAX)
  expect(doneOf(story)).toHaveLength(PROPOSALS_DONE_KEPT)
})

test('what is no list of actions is refused', () => {
  const story = world()
  const wrong = [
    new Uint8Array(0),
    actions(),
    actions(Uint8Array.of(9)),
    ONE.subarray(0, -1),
    concat([ONE, Uint8Array.of(0)]),
    concat([u32(2), transfer]),
    concat([u32(65), ...Array.from({ length: 65 }, () => setNeeded(1))]),
    actions(concat([Uint8Array.of(1), some(Uint8Array.of(0xff, 0xfe)), new Uint8Array(16)])),
    u32(0xff_ff_ff_ff),
  ]
  for (const bytes of wrong) expect(story.refuses(bob, proposed('p', contextId, bytes))).toBe('the actions are none')
  expect(readActions(actions(transfer, callOut))).toEqual([
    { kind: 'Transfer', receiver: 'bob.near', amount: (1n << 96n) + 5n },
    { kind: 'ExternalFunctionCall', receiver: 'shop', method: 'buy', args: '{}', deposit: 0n },
  ])
})

test('they go with their context, and a namespace where nothing was proposed hashes as before', () => {
  const before = world()
  const story = world().does(bob, proposed('p', contextId, ONE))
  expect(story.state.groupStateHash(namespaceId)).not.toBe(before.state.groupStateHash(namespaceId))
  story.does(alice, detached(contextId))
  expect(proposalsOf(story)).toBeUndefined()
  expect(story.refuses(bob, approved('p', contextId))).toBe('no such context')
})
