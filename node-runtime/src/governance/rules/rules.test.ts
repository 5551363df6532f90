// Who may do what, judged at the cut of the operation.
import { expect, test } from 'vitest'
import type { OpBody } from '../../base/operations.ts'
import { ALL_CAPABILITIES, CAPABILITY } from '../capabilities.ts'
import { Governance } from '../governance.ts'
import { GROUP_DEPTH_MAX } from '../limits.ts'
import { Story, withBob } from '../testing/story.fixture.ts'
import {
  added,
  alice,
  applicationId,
  bob,
  capable,
  carol,
  contextBy,
  contexted,
  created,
  dave,
  eve,
  genesis,
  groupBy,
  grouped,
  hashOf,
  idOf,
  joined,
  keysOf,
  known,
  namespaceId,
  nobody,
  nodeWith,
  operation,
  removed,
  roled,
} from '../testing/world.fixture.ts'

test('the creator is admin and owner of the namespace, which is its own root group', () => {
  const { state } = new Story()
  expect(state).toMatchObject({ namespaceId, applicationId, name: 'team', createdAtMs: 0 })
  expect(state.roleIn(namespaceId, alice.account)).toBe('Admin')
  expect(state.capabilitiesIn(namespaceId, alice.account)).toBe(ALL_CAPABILITIES)
  expect(state.groups.get(namespaceId)?.creator).toBe(alice.publicKey)
  expect(state.memberOf(alice.publicKey)).toMatchObject(keysOf(alice))
})

test('before genesis there is nothing and nobody', () => {
  const governance = new Governance(namespaceId)
  const state = governance.state()
  expect([state.groups.size, state.members.size, state.applicationId]).toEqual([0, 0, undefined])
  expect(state.isMember(namespaceId, alice.publicKey)).toBe(false)
  expect(governance.stateAt([])).toBe(state)
})

test('only the founder creates the namespace, once, and alone without parents', () => {
  const governance = new Governance(namespaceId)
  const by = (body: OpBody, who = alice) => governance.receive(operation({ by: who, on: [], body })).reason
  expect(by(created, bob)).toBe('the namespace is not the author’s')
  expect(by({ ...created, admin: keysOf(bob) } as OpBody)).toBe('the first admin is not the author')
  expect(by(contexted(alice, 'c'))).toBe('only the creation of the namespace has no parents')
  expect(new Story().refuses(alice, created)).toBe('only the creation of the namespace has no parents')
})

test('an invitation admits several joiners, each once', () => {
  const story = withBob().does(carol, joined(carol, alice))
  expect(story.state.roleIn(namespaceId, bob.account)).toBe('Member')
  expect(story.state.memberOf(carol.publicKey)).toMatchObject({ ...keysOf(carol), joinedHlc: 3n })
  expect(story.refuses(bob, joined(bob, alice))).toBe('already a member of the group')
  expect(story.state.capabilitiesIn(namespaceId, bob.account)).toBe(CAPABILITY.joinOpenSubgroups)
})

test('the invitation decides the role; who invites must be entitled to', () => {
  const story = withBob()
  expect(story.refuses(carol, joined(carol, bob))).toBe('the inviter may not invite to the group')
  expect(story.refuses(carol, joined(carol, eve))).toBe('the inviter may not invite to the group')
  story.does(alice, capable(CAPABILITY.inviteMembers, bob))
  expect(story.refuses(carol, joined(carol, bob, { role: 'Admin' }))).toBe('only an admin invites admins')
  story.does(carol, joined(carol, bob, { role: 'ReadOnly' })).does(dave, joined(dave, alice, { role: 'Admin' }))
  expect(story.state.roleIn(namespaceId, carol.account)).toBe('ReadOnly')
  expect(story.state.roleIn(namespaceId, dave.account)).toBe('Admin')
})

test('an invitation expires by the stamp of the join', () => {
  const story = new Story()
  const body = joined(bob, alice, { expiresAtSec: 100n })
  expect(story.refuses(bob, body, 100_000_000_000n)).toBe('the invitation has expired')
  story.does(bob, body, 99_999_999_999n)
})

test('a join on anything later than the expiry of its invitation is refused whatever its stamp', () => {
  const late = operation({ by: alice, on: [genesis], hlc: 150_000_000_000n, body: capable(0, alice) })
  const body = joined(bob, alice, { expiresAtSec: 100n })
  for (const hlc of [99_000_000_000n, 150_000_000_001n]) {
    const node = nodeWith([genesis, late])
    expect(node.receive(operation({ by: bob, on: [late], hlc, body })).outcome).toBe('invalid')
  }
})

// The limit that the README names: when an operation arrived differs between nodes, so it must not count.
test('a join stamped in time on an old cut is accepted alike by nodes that hear of it early and late', () => {
  const later = operation({ by: alice, on: [genesis], hlc: 150_000_000_000n, body: capable(0, alice) })
  const join = operation({
    by: bob,
    on: [genesis],
    hlc: 99_000_000_000n,
    body: joined(bob, alice, { expiresAtSec: 100n }),
  })
  const early = nodeWith([genesis, join, later])
  const late = nodeWith([genesis, later, join])
  expect(late.state().roleIn(namespaceId, bob.account)).toBe('Member')
  expect(hashOf(late)).toBe(hashOf(early))
})

test('nobody joins with the keys, or for the namespace, of another', () => {
  const story = new Story()
  expect(story.refuses(eve, joined(bob, alice))).toBe('the joiner is not the author')
  const forged = { ...joined(bob, alice), member: { ...keysOf(bob), account: alice.account } } as OpBody
  expect(story.refuses(bob, forged)).toBe('the joiner is not the author')
})

test('who left may return with another invitation, who was removed must be added', () => {
  const story = withBob().does(bob, removed(bob))
  expect(story.state.isMember(namespaceId, bob.publicKey)).toBe(false)
  expect(story.refuses(bob, joined(bob, alice))).toBe('the account has used this invitation')
  story.does(bob, joined(bob, alice, { salt: 'second' })).does(alice, removed(bob))
  expect(story.refuses(bob, joined(bob, alice, { salt: 'third' }))).toBe('removed: only an addition lifts that')
  story.does(alice, added(bob, 'ReadOnly'))
  expect(story.state.roleIn(namespaceId, bob.account)).toBe('ReadOnly')
  expect(story.state.removalsOf(bob.account).map(({ how }) => how)).toEqual(['left', 'removed'])
})

test('members are managed by admins and by who has the bit; admins by admins only; the owner by nobody', () => {
  const story = withBob()
    .does(carol, joined(carol, alice))
    .does(dave, joined(dave, alice, { role: 'Admin' }))
  expect(story.refuses(bob, removed(carol))).toBe('the author may not manage members')
  story.does(alice, capable(CAPABILITY.manageMembers, bob))
  expect(story.refuses(bob, removed(dave))).toBe('only an admin removes admins')
  expect(story.refuses(dave, removed(alice))).toBe('the owner of a group stays in it')
  expect(story.refuses(alice, removed(alice))).toBe('the owner of a group stays in it')
  expect(story.refuses(dave, roled(alice, 'Member'))).toBe('the owner of a group stays its admin')
  expect(story.refuses(dave, removed(eve))).toBe('no member of the group')
  story.does(bob, removed(carol))
  expect(story.refuses(bob, added(carol, 'Admin'))).toBe('only an admin adds admins')
  story.does(bob, added(carol)).does(alice, removed(dave))
  expect(story.state.members.has(dave.account)).toBe(false)
})

test('roles and capabilities are set by admins, for direct members', () => {
  const story = withBob()
  expect(story.refuses(bob, roled(bob, 'Admin'))).toBe('only an admin sets roles')
  expect(story.refuses(bob, capable(ALL_CAPABILITIES, bob))).toBe('only an admin sets capabilities')
  expect(story.refuses(alice, roled(eve, 'Admin'))).toBe('not a direct member of the group')
  expect(story.refuses(alice, capable(1, eve))).toBe('not a direct member of the group')
  story.does(alice, roled(bob, 'Admin')).does(bob, roled(bob, 'ReadOnly'))
  expect(story.state.roleIn(namespaceId, bob.account)).toBe('ReadOnly')
})

test('default capabilities are given to those who come after', () => {
  const story = withBob().does(alice, capable(CAPABILITY.createContext)).does(carol, joined(carol, alice))
  expect(story.state.capabilitiesIn(namespaceId, bob.account)).toBe(CAPABILITY.joinOpenSubgroups)
  expect(story.state.capabilitiesIn(namespaceId, carol.account)).toBe(CAPABILITY.createContext)
  expect(story.refuses(bob, contexted(bob, 'c'))).toBe('the author may not create contexts')
  story.does(carol, contexted(carol, 'c'))
})

test('contexts belong to a group, are made by who may, and only members may write to them', () => {
  const story = withBob()
    .does(carol, joined(carol, alice, { role: 'ReadOnly' }))
    .does(alice, contexted(alice, 'c'))
  const contextId = contextBy(alice, 'c')
  expect(story.state.contexts.get(contextId)).toMatchObject({ groupId: namespaceId, creator: alice.publicKey })
  expect([...(story.state.groups.get(namespaceId)?.contexts.keys() ?? [])]).toEqual([contextId])
  const mayWrite = [alice, bob, carol, eve].map(({ publicKey }) => story.state.canWrite(contextId, publicKey))
  expect(mayWrite).toEqual([true, true, false, false])
  expect(story.state.canWrite(idOf('another'), alice.publicKey)).toBe(false)
  expect(story.refuses(alice, contexted(alice, 'c'))).toBe('the context exists')
  const taken = { ...contexted(bob, 'x'), contextId } as OpBody
  expect(story.refuses(bob, taken)).toBe('the context id is not made from author and salt')
})

test('open groups are inherited, restricted ones are not', () => {
  const [open, closed] = [groupBy(alice, 'open'), groupBy(alice, 'closed')]
  const story = withBob()
    .does(alice, grouped(alice, 'open', 'open'))
    .does(alice, grouped(alice, 'closed', 'restricted'))
  const rolesOfBob = () => [open, closed].map((group) => story.state.roleIn(group, bob.account))
  expect(rolesOfBob()).toEqual(['Member', undefined])
  story.does(alice, { kind: 'visibility_set', groupId: closed, visibility: 'open' })
  expect(rolesOfBob()).toEqual(['Member', 'Member'])
  story.does(alice, capable(0, bob))
  expect(rolesOfBob()).toEqual([undefined, undefined])
  story.does(alice, added(bob, 'ReadOnly', open))
  expect(rolesOfBob()).toEqual(['ReadOnly', undefined])
  expect(story.refuses(bob, { kind: 'visibility_set', groupId: open, visibility: 'restricted' })).toBe(
    'the author may not set visibility',
  )
})

test('admins of an ancestor are admins through open groups, down to the first restricted one', () => {
  const story = withBob()
    .does(alice, roled(bob, 'Admin'))
    .does(bob, grouped(bob, 'a', 'open'))
  story
    .does(bob, grouped(bob, 'b', 'restricted', groupBy(bob, 'a')))
    .does(bob, grouped(bob, 'c', 'open', groupBy(bob, 'b')))
  const rolesOfAlice = ['a', 'b', 'c'].map((label) => story.state.roleIn(groupBy(bob, label), alice.account))
  expect(rolesOfAlice).toEqual(['Admin', undefined, undefined])
  expect(story.state.capabilitiesIn(groupBy(bob, 'a'), alice.account)).toBe(ALL_CAPABILITIES)
})

test('removal from an open group ends inheritance there and below; the namespace is unaffected', () => {
  const [outer, inner] = [groupBy(alice, 'outer'), groupBy(alice, 'inner')]
  const story = withBob()
    .does(alice, grouped(alice, 'outer', 'open'))
    .does(alice, grouped(alice, 'inner', 'open', outer))
  story.does(alice, removed(bob, outer))
  const roles = () => [namespaceId, outer, inner].map((group) => story.state.roleIn(group, bob.account))
  expect(roles()).toEqual(['Member', undefined, undefined])
  story.does(alice, added(bob, 'Member', outer))
  expect(roles()).toEqual(['Member', 'Member', 'Member'])
})

test('removal from the namespace is removal from all its groups', () => {
  const closed = groupBy(alice, 'closed')
  const story = withBob()
    .does(alice, grouped(alice, 'closed', 'restricted'))
    .does(alice, added(bob, 'Admin', closed))
  story.does(alice, removed(bob))
  expect(story.state.isMember(closed, bob.publicKey)).toBe(false)
  expect(story.state.memberOf(bob.publicKey)).toBeUndefined()
  expect(story.refuses(alice, added(bob, 'Member', closed))).toBe('no member of the namespace')
  story.does(alice, added(bob))
  expect(story.state.isMember(closed, bob.publicKey)).toBe(false)
})

test('an invitation to a group gives that group only', () => {
  const [closed, open] = [groupBy(alice, 'closed'), groupBy(alice, 'open')]
  const story = new Story([alice, grouped(alice, 'closed', 'restricted')], [alice, grouped(alice, 'open', 'open')])
  story.does(bob, joined(bob, alice, { groupId: closed }))
  const roles = [namespaceId, closed, open].map((group) => story.state.roleIn(group, bob.account))
  expect(roles).toEqual([undefined, 'Member', undefined])
  expect(story.state.memberOf(bob.publicKey)?.account).toBe(bob.account)
  story.does(bob, removed(bob, closed))
  expect(story.state.memberOf(bob.publicKey)).toBeUndefined()
})

test('groups are created by namespace admins, or directly below the namespace with the bit', () => {
  const story = withBob().does(alice, grouped(alice, 'g', 'open'))
  expect(story.refuses(bob, grouped(bob, 'x', 'open'))).toBe('the author may not create groups here')
  story
    .does(alice, capable(CAPABILITY.createSubgroup | CAPABILITY.joinOpenSubgroups, bob))
    .does(bob, grouped(bob, 'x', 'open'))
  expect(story.state.roleIn(groupBy(bob, 'x'), bob.account)).toBe('Admin')
  expect(story.refuses(bob, grouped(bob, 'y', 'open', groupBy(bob, 'x')))).toBe('the author may not create groups here')
  expect(story.refuses(alice, grouped(alice, 'g', 'open'))).toBe('the group exists')
  expect(story.refuses(alice, { ...grouped(alice, 'z', 'open'), groupId: groupBy(bob, 'z') } as OpBody)).toBe(
    'the group id is not made from author and salt',
  )
})

test('groups nest to a limit', () => {
  const story = new Story()
  let parentId: ReturnType<typeof groupBy> = namespaceId
  for (let depth = 1; depth < GROUP_DEPTH_MAX; depth++) {
    story.does(alice, grouped(alice, `${depth}`, 'open', parentId))
    parentId = groupBy(alice, `${depth}`)
  }
  expect(story.refuses(alice, grouped(alice, 'too deep', 'open', parentId))).toBe('groups nest at most 16 deep')
  story.does(bob, joined(bob, alice))
  expect(story.state.roleIn(parentId, bob.account)).toBe('Member')
})

test('what names a group that does not exist is refused', () => {
  const story = withBob()
  const none = groupBy(alice, 'none')
  const bodies: OpBody[] = [
    joined(carol, alice, { groupId: none }),
    added(bob, 'Member', none),
    removed(bob, none),
    roled(bob, 'Admin', none),
    capable(0, bob, none),
    contexted(alice, 'c', none),
    { kind: 'visibility_set', groupId: none, visibility: 'open' },
  ]
  for (const body of bodies)
    expect(story.refuses(body.kind === 'member_joined' ? carol : alice, body)).toBe('no such group')
  expect(story.refuses(alice, grouped(alice, 'g', 'open', none))).toBe('no such parent group')
})

test('members say where an application is found; the first true statement stays', () => {
  const told = known(applicationId)
  if (told.kind !== 'application_known') throw new Error('nothing is told')
  const { blobId } = told
  const body: OpBody = { ...told, size: 9, version: '1.0.0' }
  const story = withBob()
  expect(story.refuses(bob, { ...body, blobId: idOf('other') })).toBe('the application has another code')
  expect(story.refuses(eve, body)).toBe('the author is no member')
  story.does(bob, body)
  expect(story.state.applications.get(applicationId)).toEqual({
    id: applicationId,
    blobId,
    size: 9,
    version: '1.0.0',
  })
  expect(story.refuses(alice, { ...body, size: 10 })).toBe('the application is known')
})

test('the pinned heads of a removal are found for the deltas that did not see it', () => {
  const story = withBob().does(alice, contexted(alice, 'c'))
  const contextId = contextBy(alice, 'c')
  const before = story.state
  const pinned = { [contextId]: [idOf<never>('head')] }
  story.does(alice, { kind: 'member_removed', groupId: namespaceId, account: bob.account, pinned })
  expect(story.state.removalsUnseen(contextId, bob.publicKey, before)).toMatchObject([{ how: 'removed', pinned }])
  expect(story.state.removalsUnseen(contextId, alice.publicKey, before)).toEqual([])
  story.does(alice, added(bob))
  expect(story.state.removalsUnseen(contextId, bob.publicKey, before).length).toBe(1)
  expect(story.state.removalsUnseen(contextId, bob.publicKey, story.state)).toEqual([])
})

test('a removal elsewhere does not touch a context that did not depend on it', () => {
  const [one, two] = [groupBy(alice, 'one'), groupBy(alice, 'two')]
  const story = withBob()
    .does(alice, grouped(alice, 'one', 'open'))
    .does(alice, grouped(alice, 'two', 'open'))
  story.does(alice, contexted(alice, 'in one', one)).does(alice, contexted(alice, 'in two', two))
  const before = story.state
  story.does(alice, removed(bob, one))
  const unseen = ['in one', 'in two'].map(
    (label) => story.state.removalsUnseen(contextBy(alice, label), bob.publicKey, before).length,
  )
  expect(unseen).toEqual([1, 0])
})

test('group hashes change with the group and only with it', () => {
  const closed = groupBy(alice, 'closed')
  const story = withBob().does(alice, grouped(alice, 'closed', 'restricted'))
  const hashes = () => [story.state.groupStateHash(closed), story.state.groupStateHash(namespaceId)]
  const [group0, all0] = hashes()
  story.does(carol, joined(carol, alice))
  const [group1, all1] = hashes()
  story.does(alice, added(bob, 'Member', closed))
  const [group2, all2] = hashes()
  expect([group1 === group0, all1 === all0, group2 === group1, all2 === all1]).toEqual([true, false, false, false])
  expect(group2).toMatch(/^[0-9a-f]{64}$/)
  expect(story.state.groupStateHash(groupBy(bob, 'none'))).not.toBe(group2)
})

test('an account that nobody knows cannot be added', () => {
  const body: OpBody = { kind: 'member_added', groupId: namespaceId, account: nobody, role: 'Member' }
  expect(new Story().refuses(alice, body)).toBe('no member of the namespace')
})
