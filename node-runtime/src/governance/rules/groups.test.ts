// Groups that move, close and go: who may, and what becomes of those in them.
import { expect, test } from 'vitest'
import { toHex } from '../../base/bytes.ts'
import type { DeltaId } from '../../base/ids.ts'
import type { OpBody } from '../../base/operations.ts'
import { CAPABILITY } from '../capabilities.ts'
import { GROUP_DEPTH_MAX } from '../limits.ts'
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
  deleted,
  detached,
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
  removed,
  seen,
} from '../testing/world.fixture.ts'

test('only an admin of the namespace moves groups', () => {
  const story = tree().does(alice, capable(0x1ff, bob))
  expect(story.refuses(bob, moved(c, b))).toBe('only an admin of the namespace moves groups')
  story.does(alice, moved(c, b))
  expect(story.state.groups.get(c)?.parentId).toBe(b)
  expect(story.state.groupsWithin(b)).toContain(c)
})

test('a group never comes beneath itself, out of its namespace, or too deep', () => {
  const story = tree()
  expect(story.refuses(alice, moved(a, c))).toBe('a group cannot be beneath itself')
  expect(story.refuses(alice, moved(a, a))).toBe('a group cannot be beneath itself')
  expect(story.refuses(alice, moved(namespaceId, a))).toBe('the namespace stays where it is')
  expect(story.refuses(alice, moved(c, groupBy(bob, 'elsewhere')))).toBe('no such parent group')
  expect(story.refuses(alice, moved(groupBy(bob, 'elsewhere'), a))).toBe('no such group')
  expect(story.refuses(alice, moved(c, a))).toBe('the group is there already')
  let parent = b
  for (let depth = 2; depth < GROUP_DEPTH_MAX - 1; depth++) {
    story.does(alice, grouped(alice, `deep ${depth}`, 'open', parent))
    parent = groupBy(alice, `deep ${depth}`)
  }
  expect(story.refuses(alice, moved(a, parent))).toContain('groups nest at most')
  story.does(alice, moved(c, parent))
})

test('of two concurrent moves that would make a circle the first in order stands', () => {
  const story = tree()
  const on = story.ops.slice(-1)
  const one = operation({ by: alice, on, body: moved(a, b), hlc: 100n })
  const other = operation({ by: alice, on, body: moved(b, a), hlc: 101n })
  const nodes = [nodeWith([]), nodeWith([])]
  const base = [...nodeWithStory(story), one, other]
  for (const op of base) nodes[0]?.receive(op)
  for (const op of [...base].reverse()) nodes[1]?.receive(op)
  const [first, second] = nodes.map((node) => node.state())
  expect(first?.groups.get(a)?.parentId).toBe(b)
  expect(first?.groups.get(b)?.parentId).toBe(namespaceId)
  expect(second?.groupStateHash(namespaceId)).toBe(first?.groupStateHash(namespaceId))
})

const nodeWithStory = (story: Story) => story.governance.opsNotIn([], 999)

test('who inherited a group loses it when it moves or closes, and its keys with it', () => {
  for (const change of [moved(c, b), seen('restricted', c)]) {
    const story = tree().does(alice, seen('restricted', b))
    expect(story.state.roleIn(c, bob.account)).toBe('Member')
    const before = toHex(story.state.removalsDigest(c))
    expect(story.state.fittingKeys(c)).toHaveLength(1)
    story.does(alice, change)
    expect(story.state.roleIn(c, bob.account)).toBeUndefined()
    expect(toHex(story.state.removalsDigest(c))).not.toBe(before)
    expect(story.state.fittingKeys(c)).toEqual([])
    // What lies elsewhere keeps its keys.
    expect(story.state.fittingKeys(a)).toHaveLength(1)
  }
})

test('opening a group costs no key', () => {
  const story = tree().does(alice, seen('restricted', c))
  story.does(alice, rotated(story, 'k', c))
  story.does(alice, seen('open', c))
  expect(story.state.fittingKeys(c)).toEqual([idOf('k')])
})

test('its owner deletes a group, and who may delete groups in the namespace', () => {
  const story = tree()
    .does(alice, capable(CAPABILITY.createSubgroup, bob))
    .does(bob, grouped(bob, 'own', 'restricted'))
  story.does(carol, joined(carol, alice))
  expect(story.refuses(carol, deleted(groupBy(bob, 'own')))).toBe('the author may not delete the group')
  expect(story.refuses(bob, deleted(a))).toBe('the author may not delete the group')
  expect(story.refuses(alice, deleted(namespaceId))).toBe('the namespace itself is not deleted')
  story.does(bob, deleted(groupBy(bob, 'own')))
  story.does(alice, capable(CAPABILITY.deleteSubgroup, bob)).does(bob, deleted(a))
  expect([...story.state.groups.keys()].sort()).toEqual([namespaceId, b].sort())
  expect(story.refuses(bob, deleted(a))).toBe('no such group')
})

test('an owner who was removed from the namespace owns nothing in it any more', () => {
  const story = tree()
    .does(alice, capable(CAPABILITY.createSubgroup, bob))
    .does(bob, grouped(bob, 'own', 'restricted'))
  story.does(alice, removed(bob)).does(alice, added(bob))
  expect(story.refuses(bob, deleted(groupBy(bob, 'own')))).toBe('the author may not delete the group')
})

test('a deleted group takes the groups beneath it with it, their contexts, and who was only there', () => {
  const story = tree().does(dave, joined(dave, alice, { groupId: c }))
  story
    .does(alice, contexted(alice, 'in a', a))
    .does(alice, contexted(alice, 'in c', c))
    .does(alice, contexted(alice, 'in b', b))
  expect(story.state.memberOf(dave.publicKey)).toBeDefined()
  story.does(alice, deleted(a))
  expect([...story.state.contexts.keys()]).toEqual([contextBy(alice, 'in b')])
  expect(story.state.memberOf(dave.publicKey)).toBeUndefined()
  expect(story.state.memberOf(bob.publicKey)).toBeDefined()
  expect(story.refuses(alice, grouped(alice, 'a', 'open'))).toBe('the group was deleted')
  expect(story.refuses(alice, contexted(alice, 'in a'))).toBe('the context was deleted, and its id with it')
})

test('what goes on in a group while it is deleted elsewhere goes with it, in whatever order it is heard', () => {
  const story = tree()
  const on = story.ops.slice(-1)
  const ops = [
    operation({ by: alice, on, body: deleted(a), hlc: 100n }),
    operation({ by: alice, on, body: contexted(alice, 'late', c), hlc: 101n }),
    operation({ by: alice, on, body: grouped(alice, 'later', 'open', c), hlc: 99n }),
    operation({ by: alice, on, body: moved(a, b), hlc: 102n }),
  ]
  const all = [...nodeWithStory(story), ...ops]
  const node = nodeWith(all)
  expect([...node.state().groups.keys()].sort()).toEqual([namespaceId, b].sort())
  expect(node.state().contexts.size).toBe(0)
  expect(hashOf(nodeWith([...all].reverse()))).toBe(hashOf(node))
})

test('an admin of its group takes a context out of it for good', () => {
  const story = tree().does(alice, contexted(alice, 'x', a))
  const id = contextBy(alice, 'x')
  expect(story.refuses(bob, detached(id))).toBe('only an admin of its group takes a context out')
  expect(story.refuses(alice, detached(contextBy(alice, 'y')))).toBe('no such context')
  story.does(alice, detached(id))
  expect(story.state.contexts.has(id)).toBe(false)
  expect(story.state.canWrite(id, alice.publicKey)).toBe(false)
  expect(story.state.groups.get(a)?.contexts.size).toBe(0)
  expect(story.refuses(alice, contexted(alice, 'x', a))).toBe('the context was deleted, and its id with it')
})

test('a removal from the group that a context was beneath is judged by in whatever order it and the move come', () => {
  const story = tree()
    .does(carol, joined(carol, alice, { role: 'Admin' }))
    .does(alice, added(bob, 'Member', a))
    .does(alice, contexted(alice, 'x', c))
  const contextId = contextBy(alice, 'x')
  const cut = story.state
  const tip = story.ops.at(-1) ?? genesis
  const move = operation({ by: alice, on: [tip], body: moved(c, b) })
  const pinned = { [contextId]: [idOf<DeltaId>('what was accepted')] }
  const withPins: OpBody = { kind: 'member_removed', groupId: a, account: bob.account, pinned }
  const removal = operation({ by: carol, on: [tip], body: withPins })
  const node = nodeWith([genesis, ...story.ops, move])
  const before = toHex(node.state().judgement(contextId))
  node.receive(removal)
  expect(node.state().removalsUnseen(contextId, bob.publicKey, cut)).toHaveLength(1)
  expect(toHex(node.state().judgement(contextId))).not.toBe(before)
  expect(
    node
      .state()
      .removalsIn(contextId)
      .map(([who]) => who)
      .sort(),
  ).toEqual([bob.account, c].sort())
})
