// Attested members: who lets them in, what they have then, and what a policy that names them no more takes.
import { expect, test } from 'vitest'
import type { KeyId } from '../../base/ids.ts'
import { ALL_CAPABILITIES, CAPABILITY } from '../capabilities.ts'
import type { Governance } from '../governance.ts'
import { admitted, firmware, letsIn, letsNobodyIn, otherFirmware } from '../testing/fleet.fixture.ts'
import { Story } from '../testing/story.fixture.ts'
import {
  added,
  alice,
  bob,
  capable,
  carol,
  contextBy,
  contexted,
  dave,
  eve,
  genesis,
  groupBy,
  grouped,
  hashOf,
  idOf,
  joined,
  namespaceId,
  nodeWith,
  operation,
  removed,
  roled,
  seen,
  team,
} from '../testing/world.fixture.ts'

const open = groupBy(alice, 'open')
const closed = groupBy(alice, 'closed')
const beneath = groupBy(alice, 'beneath')

/** Bob is a member; there are an open group, a closed one, and one more closed beneath that. Eve's node is let in. */
const world = () =>
  new Story(
    [bob, joined(bob, alice)],
    [alice, grouped(alice, 'open', 'open')],
    [alice, grouped(alice, 'closed', 'restricted')],
    [alice, grouped(alice, 'beneath', 'restricted', closed)],
    [alice, contexted(alice, 'c', closed)],
    [alice, letsIn()],
    [alice, admitted(eve)],
  )

const rolesOf = (state: ReturnType<Governance['state']>, who = eve) =>
  [namespaceId, open, closed, beneath].map((group) => state.roleIn(group, who.account))

const all = [...'1234'].map(() => 'ReadOnlyTee')
const none = [...'1234'].map(() => undefined)

test('an attested node is a member of the namespace and all its groups, of closed ones, too, and has no row in them', () => {
  const story = world()
  expect(rolesOf(story.state)).toEqual(all)
  expect([open, closed].map((id) => story.state.groups.get(id)?.members.has(eve.account))).toEqual([false, false])
  story.does(alice, grouped(alice, 'later', 'restricted'))
  expect(story.state.roleIn(groupBy(alice, 'later'), eve.account)).toBe('ReadOnlyTee')
  expect(story.state.autoFollowIn(closed, eve.account)).toEqual({ contexts: true, subgroups: true })
})

test('it reads, and writes nothing: no state, no keys, no rights', () => {
  const story = world()
  expect(story.state.canWrite(contextBy(alice, 'c'), eve.publicKey)).toBe(false)
  expect(story.state.isMember(closed, eve.publicKey)).toBe(true)
  expect(story.state.capabilitiesIn(namespaceId, eve.account)).toBe(0)
  expect(story.refuses(eve, contexted(eve, 'mine'))).toBe('the author may not create contexts')
  const rotated = {
    kind: 'key_rotated',
    groupId: namespaceId,
    keyId: idOf<KeyId>('key'),
    covers: new Uint8Array(32),
  } as const
  expect(story.refuses(eve, rotated)).toBe('the author may not write in the group')
  expect(story.refuses(alice, capable(ALL_CAPABILITIES, eve))).toContain('and is nothing else')
})

test('only who may manage members lets one in, and only an admin says which', () => {
  const story = world()
  expect(story.refuses(bob, admitted(dave))).toBe('the author may not manage members')
  expect(story.refuses(bob, letsIn())).toBe('only an admin of the namespace sets its TEE policy')
  story.does(alice, capable(CAPABILITY.manageMembers, bob)).does(bob, admitted(dave))
  expect(rolesOf(story.state, dave)).toEqual(all)
  expect(story.refuses(bob, letsNobodyIn)).toBe('only an admin of the namespace sets its TEE policy')
})

test('none is let in without a policy, or against it', () => {
  const story = new Story([bob, joined(bob, alice)])
  expect(story.refuses(alice, admitted(eve))).toBe('the namespace lets no attested nodes in')
  story.does(alice, letsIn({ acceptMock: false }))
  expect(story.refuses(alice, admitted(eve))).toBe('the namespace does not accept mock attestations')
  story.does(alice, letsIn({ mrtds: [otherFirmware] }))
  expect(story.refuses(alice, admitted(eve))).toBe('the policy does not name this MRTD')
  story.does(alice, letsIn({ mrtds: [], rtmrs: [[], [], [firmware], []] }))
  expect(story.refuses(alice, admitted(eve))).toBe('the policy does not name this RTMR2')
  story.does(alice, letsIn({ mrtds: [] })).does(alice, admitted(eve))
  expect(story.state.roleIn(namespaceId, eve.account)).toBe('ReadOnlyTee')
})

test('a member is let in no second time, and who has come by attestation is made nothing else', () => {
  const story = world()
  expect(story.refuses(alice, admitted(eve))).toBe('already a member of the namespace')
  expect(story.refuses(alice, admitted(bob))).toBe('already a member of the namespace')
  expect(story.refuses(alice, roled(eve, 'Member'))).toContain('and is nothing else')
  expect(story.refuses(alice, added(eve, 'Member', closed))).toContain('and is nothing else')
  expect(story.refuses(eve, joined(eve, alice, { groupId: closed }))).toContain('and is nothing else')
})

test('keys of another account, or of the author, come to nothing', () => {
  const story = new Story([alice, letsIn()])
  const body = admitted(eve)
  if (body.kind !== 'tee_admitted') throw new Error('another kind')
  const wrong = { ...body, member: { ...body.member, account: dave.account } }
  expect(story.refuses(alice, wrong)).toBe('the account is not that of the key')
  expect(story.refuses(eve, body)).toBe('the author may not manage members')
})

test('removed from the namespace it is out of all groups, every key is due anew, and attestation does not bring it back', () => {
  const story = world()
  const before = story.state.removalsDigest(closed)
  story.does(alice, removed(eve))
  expect(rolesOf(story.state)).toEqual(none)
  expect(story.state.removalsDigest(closed)).not.toEqual(before)
  expect([namespaceId, open, closed].map((id) => story.state.fittingKeys(id))).toEqual([[], [], []])
  expect(story.refuses(alice, admitted(eve))).toBe('removed: only an addition lifts that')
})

test('who has left comes back by attestation', () => {
  const story = world().does(eve, removed(eve))
  expect(rolesOf(story.state)).toEqual(none)
  expect(rolesOf(story.does(alice, admitted(eve)).state)).toEqual(all)
})

test('removed from one group it has that and those beneath no more, and the others still', () => {
  const story = world().does(alice, removed(eve, closed))
  expect(rolesOf(story.state)).toEqual(['ReadOnlyTee', 'ReadOnlyTee', undefined, undefined])
  expect(story.state.fittingKeys(beneath)).toEqual([])
  expect(story.state.fittingKeys(open)).toHaveLength(1)
})

test('a policy that names it no more takes all from it and makes keys due; one that names it again lets it come back', () => {
  for (const narrower of [letsNobodyIn, letsIn({ mrtds: [otherFirmware] }), letsIn({ acceptMock: false })]) {
    const story = world().does(alice, narrower)
    expect(rolesOf(story.state)).toEqual(none)
    expect(story.state.members.has(eve.account)).toBe(false)
    expect([namespaceId, open, closed, beneath].map((id) => story.state.fittingKeys(id).length)).toEqual([0, 0, 0, 0])
    expect(rolesOf(story.does(alice, letsIn()).does(alice, admitted(eve)).state)).toEqual(all)
  }
})

test('a policy that names more takes nothing: neither members nor keys', () => {
  for (const wider of [letsIn({ mrtds: [] }), letsIn({ mrtds: [firmware, otherFirmware] }), letsIn()]) {
    const story = world().does(alice, wider)
    expect(rolesOf(story.state)).toEqual(all)
    expect(story.state.fittingKeys(closed)).toHaveLength(1)
  }
})

test('the change of a policy voids nothing that others have written, and asks nobody what was accepted', () => {
  const story = world()
  const cut = story.state
  const { state } = story.does(alice, letsNobodyIn)
  const context = contextBy(alice, 'c')
  expect(state.removalsUnseen(context, alice.publicKey, cut)).toEqual([])
  expect(state.removalsIn(context)).toEqual([])
  expect(state.judgement(context)).toEqual(cut.judgement(context))
})

test('of an admission and a policy against it that do not know of each other the policy stands, and keys are due anew', () => {
  const policy = operation({ by: alice, on: [genesis], body: letsIn() })
  for (const [first, second] of [
    [2n, 3n],
    [3n, 2n],
  ] as const) {
    const entry = operation({ by: alice, on: [policy], body: admitted(eve), hlc: 10n + first })
    const against = operation({ by: alice, on: [policy], body: letsNobodyIn, hlc: 10n + second })
    const node = nodeWith([genesis, policy, entry, against])
    expect(node.state().members.has(eve.account)).toBe(false)
    expect(node.state().fittingKeys(namespaceId)).toEqual([])
    expect(hashOf(node)).toBe(hashOf(nodeWith([genesis, policy, against, entry])))
    // Who knew of the admission alone may have handed out the key.
    expect(node.stateAt([entry.id])?.fittingKeys(namespaceId)).toHaveLength(1)
  }
})

test('let in by two at once it is in once; removed by who knew of one, it is out', () => {
  const tip = operation({ by: alice, on: [genesis], body: letsIn() })
  const one = operation({ by: alice, on: [tip], body: admitted(eve), hlc: 10n })
  const two = operation({ by: alice, on: [tip], body: admitted(eve), hlc: 30n })
  const node = nodeWith([genesis, tip, one, two])
  expect(node.state().roleIn(namespaceId, eve.account)).toBe('ReadOnlyTee')
  const out = operation({ by: alice, on: [one], body: removed(eve), hlc: 20n })
  node.receive(out)
  expect(node.state().members.has(eve.account)).toBe(false)
})

test('what somebody let in who was removed meanwhile does not stand', () => {
  const start = new Story([carol, joined(carol, alice, { role: 'Admin' })], [alice, letsIn()])
  const on = start.ops.slice(-1)
  const entry = operation({ by: carol, on, body: admitted(eve) })
  const out = operation({ by: alice, on, body: removed(carol) })
  const node = nodeWith([genesis, ...start.ops, entry, out])
  expect(node.state().members.has(eve.account)).toBe(false)
  expect(node.state().fittingKeys(namespaceId)).toEqual([])
})

test('a group that closes keeps its attested members; the policy is part of the state that nodes compare', () => {
  const story = world().does(alice, seen('restricted', open))
  expect(rolesOf(story.state)).toEqual(all)
  const hash = story.state.groupStateHash(namespaceId)
  expect(story.does(alice, letsIn({ mrtds: [] })).state.groupStateHash(namespaceId)).not.toBe(hash)
})

test('who came by attestation is raised by nothing that was said of it elsewhere before that was known', () => {
  const { ops, tip } = team()
  const base = operation({ by: alice, on: [tip], body: letsIn() })
  const group = operation({ by: alice, on: [base], body: grouped(alice, 'closed', 'restricted') })
  const left = operation({ by: dave, on: [group], body: removed(dave) })
  const let1 = operation({ by: alice, on: [left], body: admitted(dave) })
  const let2 = operation({ by: alice, on: [let1], body: admitted(eve) })
  const later = { on: [group], hlc: let2.hlc + 5n }
  const raised = operation({ by: bob, ...later, body: roled(dave, 'Admin') })
  const came = operation({ by: eve, ...later, body: joined(eve, alice, { groupId: groupBy(alice, 'closed') }) })
  const node = nodeWith([...ops, base, group, left, let1, let2, raised, came])
  expect([raised, came].map(({ id }) => node.has(id))).toEqual([true, true])
  expect(node.state().roleIn(namespaceId, dave.account)).toBe('ReadOnlyTee')
  expect(node.state().groups.get(groupBy(alice, 'closed'))?.members.has(eve.account)).toBe(false)
})
