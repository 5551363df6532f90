// Metadata, what members follow, and the application of a group: who may set them, and what they change.
import { expect, test } from 'vitest'
import type { BlobId } from '../../base/ids.ts'
import { applicationIdOf } from '../../base/operations.ts'
import { CAPABILITY } from '../capabilities.ts'
import { APPLICATIONS_BEFORE_MAX } from '../limits.ts'
import { Story } from '../testing/story.fixture.ts'
import {
  added,
  alice,
  applicationId,
  bob,
  capable,
  carol,
  contextBy,
  contexted,
  described,
  eve,
  following,
  groupBy,
  grouped,
  idOf,
  joined,
  known,
  namespaceId,
  removed,
  secondApplication,
  seen,
  thirdApplication,
  upgraded,
} from '../testing/world.fixture.ts'

const group = groupBy(alice, 'g')
const contextId = contextBy(alice, 'c')

/** Bob is a member of the namespace and of alice's group g; carol of the namespace only. */
const world = () =>
  new Story(
    [bob, joined(bob, alice)],
    [carol, joined(carol, alice)],
    [alice, grouped(alice, 'g', 'restricted')],
    [alice, added(bob, 'Member', group)],
    [alice, contexted(alice, 'c', group)],
  )

test('metadata of a group and its contexts is for admins and who has the right to it there', () => {
  const story = world()
  for (const about of [{}, { groupId: group }, { groupId: group, contextId }]) {
    expect(story.refuses(bob, described('mine', about))).toBe('the author may not set metadata')
  }
  story.does(alice, capable(CAPABILITY.manageMetadata, bob, group))
  story.does(bob, described('renamed', { groupId: group })).does(bob, described('notes', { groupId: group, contextId }))
  expect(story.refuses(bob, described('mine'))).toBe('the author may not set metadata')
  expect(story.state.groups.get(group)?.metadata).toMatchObject({
    name: 'renamed',
    fields: [['topic', 'renamed']],
    updatedBy: bob.publicKey,
  })
  expect(story.state.contexts.get(contextId)?.metadata?.name).toBe('notes')
  expect(story.state.groups.get(group)?.contexts.get(contextId)?.metadata?.name).toBe('notes')
  story.does(alice, described('Acme'))
  expect(story.state.name).toBe('Acme')
})

test('a record replaces the one before as a whole', () => {
  const story = world().does(alice, described('one', { groupId: group }))
  story.does(alice, { kind: 'metadata_set', groupId: group, fields: [['k', 'v']] })
  const { metadata } = story.state.groups.get(group) ?? {}
  expect([metadata?.name, metadata?.fields]).toEqual([undefined, [['k', 'v']]])
})

test('everybody describes themselves, where they are members, and nobody else', () => {
  const story = world()
    .does(bob, described('Bob', { groupId: group, of: bob }))
    .does(carol, described('C', { of: carol }))
  expect(story.state.groups.get(group)?.memberMetadata.get(bob.account)?.name).toBe('Bob')
  expect(story.refuses(bob, described('x', { of: carol }))).toBe('the author may not set metadata')
  expect(story.refuses(carol, described('x', { groupId: group, of: carol }))).toBe('no member of the group')
  expect(story.refuses(eve, described('x', { of: eve }))).toBe('no member of the group')
  story.does(alice, removed(bob, group)).does(alice, added(bob, 'Member', group))
  expect(story.state.groups.get(group)?.memberMetadata.has(bob.account)).toBe(false)
})

test('metadata is about one thing that is there', () => {
  const story = world()
  expect(story.refuses(alice, described('x', { groupId: group, of: bob, contextId }))).toContain('at once')
  expect(story.refuses(alice, described('x', { contextId }))).toBe('no such context in it')
  expect(story.refuses(alice, described('x', { groupId: groupBy(bob, 'none') }))).toBe('no such group')
})

test('an admin or the member itself says what it follows', () => {
  const story = world()
  expect(story.state.autoFollowIn(group, bob.account)).toEqual({ contexts: true, subgroups: true })
  expect(story.refuses(carol, following(bob, false, false, group))).toContain('only the member itself')
  expect(story.refuses(alice, following(carol, false, false, group))).toBe('no member of the group')
  expect(story.refuses(alice, following(carol, false, false, groupBy(bob, 'none')))).toBe('no such group')
  story.does(bob, following(bob, false, true, group)).does(alice, following(carol, true, false))
  expect(story.state.autoFollowIn(group, bob.account)).toEqual({ contexts: false, subgroups: true })
  expect(story.state.autoFollowIn(namespaceId, carol.account)).toEqual({ contexts: true, subgroups: false })
  // By inheritance it is the row above that decides, until the member says otherwise for this group.
  story.does(alice, seen('open', group))
  expect(story.state.autoFollowIn(group, carol.account).contexts).toBe(false)
  story.does(carol, following(carol, true, true, group))
  expect(story.state.autoFollowIn(group, carol.account).contexts).toBe(true)
})

test('who manages the application sets one that is known, for the group and its contexts', () => {
  const story = world()
  expect(story.refuses(alice, upgraded(group))).toBe('nobody has said where the application is')
  story.does(alice, known())
  expect(story.refuses(bob, upgraded(group))).toBe('the author may not set the application')
  expect(story.refuses(alice, upgraded(groupBy(bob, 'none')))).toBe('no such group')
  story.does(alice, capable(CAPABILITY.manageApplication, bob, group)).does(bob, upgraded(group))
  const { state } = story
  expect(state.contexts.get(contextId)?.applicationId).toBe(secondApplication)
  expect(state.groups.get(group)).toMatchObject({
    applicationId: secondApplication,
    upgrade: { from: applicationId, to: secondApplication, by: bob.publicKey, cascaded: false },
  })
  expect(state.applicationId).toBe(applicationId)
  expect(story.refuses(bob, upgraded(group))).toBe('the group has this application already')
})

test('a cascade reaches the groups beneath that had the same application, and no others', () => {
  const third = groupBy(alice, 'third')
  const story = world()
    .does(alice, known())
    .does(alice, grouped(alice, 'third', 'open'))
  const other = groupBy(alice, 'other')
  story.does(alice, grouped(alice, 'other', 'restricted')).does(alice, known(thirdApplication))
  story.does(alice, upgraded(other, false, thirdApplication))
  story.does(alice, upgraded(namespaceId, true))
  const { state } = story
  const applications = [namespaceId, group, third, other].map((id) => state.groups.get(id)?.applicationId)
  expect(applications).toEqual([secondApplication, secondApplication, secondApplication, thirdApplication])
  expect(state.groups.get(group)?.upgrade?.cascaded).toBe(true)
  expect(state.contexts.get(contextId)?.applicationId).toBe(secondApplication)
  story.does(alice, grouped(alice, 'new', 'open', third))
  expect(state.groups.get(third)?.applicationId).toBe(secondApplication)
  expect(story.state.groups.get(groupBy(alice, 'new'))?.applicationId).toBe(secondApplication)
})

test('of more applications than it remembers a context keeps the one that has made it, also when it is set back', () => {
  const story = world().does(alice, known(applicationId))
  const blobs = Array.from({ length: APPLICATIONS_BEFORE_MAX + 6 }, (_, at) => idOf<BlobId>(`code ${at}`))
  const later = blobs.map(applicationIdOf)
  for (const [at, blobId] of blobs.entries()) {
    const id = later[at] ?? applicationId
    story.does(alice, { kind: 'application_known', applicationId: id, blobId, size: 1 })
    story.does(alice, upgraded(group, false, id))
  }
  const ran = () => story.state.contexts.get(contextId)?.ran ?? []
  expect(ran()).toEqual([applicationId, ...later.slice(-APPLICATIONS_BEFORE_MAX, -1)])
  story.does(alice, upgraded(group, false, later[20]))
  expect(ran()).toEqual([applicationId, ...later.slice(6, 20)])
  story.does(alice, upgraded(group, false, applicationId))
  expect(ran()).toEqual([])
})
