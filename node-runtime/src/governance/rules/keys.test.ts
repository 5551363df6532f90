// Which key of a group is in force, and who may make a new one.
import { expect, test } from 'vitest'
import type { KeyId } from '../../base/ids.ts'
import type { OpBody } from '../../base/operations.ts'
import { GROUP_KEYS_MAX } from '../limits.ts'
import { rotated } from '../testing/scenes.fixture.ts'
import { withBob } from '../testing/story.fixture.ts'
import {
  added,
  alice,
  bob,
  bytesOf,
  carol,
  dave,
  eve,
  groupBy,
  grouped,
  idOf,
  joined,
  namespaceId,
  nodeWith,
  operation,
  type Person,
  removed,
  team,
} from '../testing/world.fixture.ts'

test('a removal makes the key stale until somebody who may write rotates it', () => {
  const story = withBob().does(carol, joined(carol, alice))
  expect(story.state.fittingKeys(namespaceId)).toEqual(['first key'].map((label) => idOf<KeyId>(label)))
  story.does(alice, removed(bob))
  expect(story.state.fittingKeys(namespaceId)).toEqual([])
  story.does(carol, rotated(story, 'second'))
  expect(story.state.fittingKeys(namespaceId)).toEqual(['second'].map((label) => idOf<KeyId>(label)))
  story.does(alice, added(bob)).does(alice, removed(bob))
  expect(story.state.fittingKeys(namespaceId)).toEqual([])
})

test('a removal from above makes the keys of the groups beneath stale; one beneath leaves those above alone', () => {
  const one = groupBy(alice, 'one')
  const story = withBob()
    .does(alice, grouped(alice, 'one', 'restricted'))
    .does(alice, added(bob, 'Member', one))
  story.does(alice, removed(bob, one))
  expect([one, namespaceId].map((id) => story.state.fittingKeys(id).length)).toEqual([0, 1])
  story.does(alice, rotated(story, 'second', one)).does(alice, removed(bob))
  expect([one, namespaceId].map((id) => story.state.fittingKeys(id).length)).toEqual([0, 0])
})

test('a key is rotated by writers only, once, and after all removals that its author saw', () => {
  const story = withBob().does(carol, joined(carol, alice, { role: 'ReadOnly' }))
  const early = rotated(story, 'second')
  expect(story.refuses(carol, early)).toBe('the author may not write in the group')
  expect(story.refuses(eve, early)).toBe('the author may not write in the group')
  expect(story.refuses(alice, rotated(story, 'second', groupBy(alice, 'none')))).toBe('no such group')
  story.does(alice, early)
  expect(story.refuses(alice, early)).toBe('the group has this key')
  const stale = rotated(story, 'third')
  story.does(alice, removed(bob))
  expect(story.refuses(alice, stale)).toBe('the key does not cover the removals before it')
  expect(story.refuses(alice, { ...stale, covers: bytesOf('junk') } as OpBody)).toBe(
    'the key does not cover the removals before it',
  )
})

test('of two removals that did not see each other, neither rotation fits; one after both does', () => {
  const { ops, tip } = team()
  const without = (by: Person, who: Person, label: string) => {
    const removal = operation({ by, on: [tip], body: removed(who) })
    const covers = nodeWith([...ops, removal])
      .state()
      .removalsDigest(namespaceId)
    const body: OpBody = { kind: 'key_rotated', groupId: namespaceId, keyId: idOf(label), covers }
    return [removal, operation({ by, on: [removal], body })] as const
  }
  const left = without(alice, dave, 'left')
  const right = without(bob, carol, 'right')
  const both = nodeWith([...ops, ...left, ...right])
  expect(both.state().fittingKeys(namespaceId)).toEqual([])
  const covers = both.state().removalsDigest(namespaceId)
  const body: OpBody = { kind: 'key_rotated', groupId: namespaceId, keyId: idOf('after both'), covers }
  both.receive(operation({ by: alice, on: [left[1], right[1]], body }))
  expect(both.state().fittingKeys(namespaceId)).toEqual([idOf('after both')])
})

test('of more keys than a group may have that did not see each other, the same ones fit everywhere', () => {
  const { ops, tip } = team()
  const covers = nodeWith(ops).state().removalsDigest(namespaceId)
  const rotations = Array.from({ length: GROUP_KEYS_MAX + 20 }, (_, i) => {
    const body: OpBody = { kind: 'key_rotated', groupId: namespaceId, keyId: idOf(`key ${i}`), covers }
    return operation({ by: i % 2 === 0 ? alice : bob, on: [tip], body })
  })
  const [one, other] = [rotations, [...rotations].reverse()].map((each) => nodeWith([...ops, ...each]).state())
  expect(one?.fittingKeys(namespaceId)).toHaveLength(GROUP_KEYS_MAX)
  expect(other?.fittingKeys(namespaceId)).toEqual(one?.fittingKeys(namespaceId))
})

test('a group that is made after a removal starts with a key that covers it', () => {
  const story = withBob().does(alice, removed(bob))
  expect(story.does(alice, grouped(alice, 'none', 'open')).state.fittingKeys(groupBy(alice, 'none'))).toEqual([])
  story.does(alice, grouped(alice, 'one', 'open', namespaceId, story.state.removalsDigest(namespaceId)))
  expect(story.state.fittingKeys(groupBy(alice, 'one'))).toEqual([idOf('first key of one')])
})
