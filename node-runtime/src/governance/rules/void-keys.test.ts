// Who got a group by something that turns out to be void may have its keys, from whoever did not know that: they fit no more.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { GroupId, KeyId } from '../../base/ids.ts'
import type { OpBody, Operation } from '../../base/operations.ts'
import { admitted, firmware, letsIn, otherFirmware } from '../testing/fleet.fixture.ts'
import { games, people, play, shuffled } from '../testing/games.fixture.ts'
import {
  added,
  alice,
  bob,
  carol,
  dave,
  eve,
  groupBy,
  grouped,
  hashOf,
  idOf,
  joined,
  namespaceId,
  nodeWith,
  operation,
  type Person,
  roled,
  team,
} from '../testing/world.fixture.ts'

const [closed, open] = [groupBy(alice, 'closed'), groupBy(alice, 'open')]
const opened: OpBody = { kind: 'visibility_set', groupId: closed, visibility: 'open' }
type Step = readonly [Person, OpBody]
type Groups = ReadonlyMap<GroupId, { readonly parentId?: GroupId | undefined }>

/** Who has which group by what bob allowed, while alice made bob a plain member. */
const WAYS: readonly (readonly [string, Person, GroupId, readonly Step[]])[] = [
  ['admission', eve, namespaceId, [[bob, admitted(eve)]]],
  [
    'admission, by a policy that is void',
    eve,
    namespaceId,
    [
      [bob, letsIn({ mrtds: [firmware, otherFirmware] })],
      [carol, admitted(eve, otherFirmware)],
    ],
  ],
  ['invitation', eve, namespaceId, [[eve, joined(eve, bob)]]],
  ['invitation to a group above, by inheritance', eve, open, [[eve, joined(eve, bob)]]],
  ['addition', dave, closed, [[bob, added(dave, 'Member', closed)]]],
  ['opening', dave, closed, [[bob, opened]]],
]

function world(): { ops: Operation[]; tip: Operation } {
  let { ops, tip } = team()
  const steps = [letsIn(), grouped(alice, 'closed', 'restricted'), grouped(alice, 'open', 'open')]
  for (const body of [...steps, added(bob, 'Admin', closed)]) {
    tip = operation({ by: alice, on: [tip], body })
    ops = [...ops, tip]
  }
  return { ops, tip }
}

test.each(WAYS)('void %s: the keys that came with it fit no more', (_how, who, groupId, steps) => {
  const { ops, tip } = world()
  let last = tip
  const given = steps.map(([by, body]) => {
    last = operation({ by, on: [last], body })
    return last
  })
  const node = nodeWith([...ops, ...given])
  const held = node.state().fittingKeys(groupId)
  expect(node.state().roleIn(groupId, who.account)).toBeDefined()
  expect(held).not.toEqual([])
  const lowered = operation({ by: alice, on: [tip], body: roled(bob, 'Member') })
  const there = operation({ by: alice, on: [lowered], body: roled(bob, 'Member', closed) })
  for (const op of [lowered, there]) node.receive(op)
  expect(node.state().roleIn(groupId, who.account)).toBeUndefined()
  expect(
    node
      .state()
      .fittingKeys(groupId)
      .filter((key) => held.includes(key)),
  ).toEqual([])
  // A key that is made now does.
  const covers = node.state().removalsDigest(groupId)
  const body: OpBody = { kind: 'key_rotated', groupId, keyId: idOf<KeyId>('new'), covers }
  const merged = operation({ by: alice, on: [last, there], body })
  expect(node.receive(merged)).toMatchObject({ outcome: 'accepted' })
  expect(node.state().fittingKeys(groupId)).toHaveLength(1)
  const again = nodeWith(shuffled([...ops, ...given, lowered, there, merged], 7))
  expect(hashOf(again)).toBe(hashOf(node))
})

/**
 * It, or one that it is beneath and may inherit members from, by an owner with two nodes of one key: each says with what it
 * begins, and neither has lost anything by the other.
 */
function isMadeTwice(ops: readonly Operation[], groups: Groups, groupId: GroupId): boolean {
  const made = (id: GroupId) => ops.filter(({ body }) => body.kind === 'group_created' && body.groupId === id)
  for (let id: GroupId | undefined = groupId; id !== undefined; id = groups.get(id)?.parentId) {
    if (made(id).length > 1) return true
  }
  return false
}

test('whoever was in a group at some cut, and is not now, holds no key that fits', () => {
  let seen = 0
  const property = fc.property(games, fc.nat(), (turns, seed) => {
    const { accepted } = play(turns)
    const node = nodeWith(shuffled(accepted, seed))
    const now = node.state()
    for (const { id } of accepted) {
      const then = node.stateAt([id])
      for (const groupId of now.groups.keys()) {
        if ([now, then].some((state) => state && isMadeTwice(accepted, state.groups, groupId))) continue
        const held = new Set(then?.groups.has(groupId) ? then.fittingKeys(groupId) : [])
        const still = now.fittingKeys(groupId).filter((key) => held.has(key))
        for (const { name, account } of people) {
          const isOut = then?.roleIn(groupId, account) !== undefined && now.roleIn(groupId, account) === undefined
          if (!isOut) continue
          seen += 1
          expect({ name, groupId, still }).toEqual({ name, groupId, still: [] })
        }
      }
    }
  })
  fc.assert(property, { numRuns: 15, seed: 1 })
  expect(seen).toBeGreaterThan(20)
  // How often somebody is out in games that are drawn anew is by chance.
  fc.assert(property, { numRuns: 15 })
})
