// What waits for parents, by the bytes it takes: whose operations leave, and that what has left may come again.
import { expect, test } from 'vitest'
import type { OpId } from '../base/ids.ts'
import type { Operation } from '../base/operations.ts'
import { Governance } from './governance.ts'
import { AUTHOR_PENDING_BYTES_MAX, PENDING_BYTES_MAX, STRANGERS_PENDING_BYTES_MAX } from './limits.ts'
import {
  alice,
  bob,
  contextBy,
  described,
  eve,
  genesis,
  idOf,
  joined,
  namespaceId,
  nodeWith,
  operation,
  type Person,
  person,
  removed,
} from './testing/world.fixture.ts'
import { bytesOf } from './waiting-ops.ts'

/** One of these takes some hundreds of KiB. */
const HEADS = Array.from({ length: 3800 }, (_, i) => idOf<never>(`head ${i}`)).sort()

function large(by: Person, i: number): Operation {
  const body = { ...removed(bob), pinned: { [contextBy(alice, 'c')]: HEADS } }
  const op = operation({ by, on: [genesis], body: removed(bob), hlc: BigInt(i + 2) })
  return { ...op, parents: [idOf<OpId>(`parent ${i}`)], body } as Operation
}

const SIZE = bytesOf(large(eve, 0))
const many = (by: Person, count: number) => Array.from({ length: count }, (_, i) => large(by, i))

test('what strangers have waiting is small, and however many keys they have', () => {
  const governance = nodeWith([genesis])
  const own = large(alice, 7)
  governance.receive(own)
  const before = governance.pendingBytes
  const ops = Array.from({ length: 100 }, (_, i) => large(person(`stranger ${i}`), i))
  const evicted = ops.flatMap((op) => governance.receive(op).evicted)
  expect(governance.pendingBytes - before).toBeLessThanOrEqual(STRANGERS_PENDING_BYTES_MAX)
  const left = governance.pendingCount - 1
  expect(left).toBe(Math.floor(STRANGERS_PENDING_BYTES_MAX / (SIZE + 512)))
  // The oldest, and none of a member.
  expect(evicted).toEqual(ops.slice(0, 100 - left).map(({ id }) => id))
  expect(governance.get(own.id)).toBe(own)
})

test('a member fills its own share, and none of another', () => {
  const governance = nodeWith([genesis, operation({ by: bob, on: [genesis], body: joined(bob, alice) })])
  const own = large(alice, 7)
  governance.receive(own)
  const before = governance.pendingBytes
  for (const op of many(bob, 50)) governance.receive(op)
  expect(governance.pendingBytes - before).toBeLessThanOrEqual(AUTHOR_PENDING_BYTES_MAX)
  expect(governance.get(own.id)).toBe(own)
})

test('all together have a cap: then the oldest of who has most goes', () => {
  const people = Array.from({ length: 8 }, (_, i) => person(`member ${i}`))
  const joins = people.map((who) => operation({ by: who, on: [genesis], body: joined(who, alice) }))
  const governance = nodeWith([genesis, ...joins])
  for (const who of people) for (const op of many(who, 20)) governance.receive(op)
  expect(governance.pendingBytes).toBeLessThanOrEqual(PENDING_BYTES_MAX)
  const own = large(alice, 7)
  expect(governance.receive(own).evicted).not.toContain(own.id)
  expect(governance.get(own.id)).toBe(own)
})

test('small ones are counted by what they take, too', () => {
  const governance = nodeWith([genesis])
  for (let i = 0; i < 20_000; i++) {
    const op = operation({ by: eve, on: [genesis], body: joined(eve, alice), hlc: BigInt(i + 2) })
    governance.receive({ ...op, parents: [idOf<OpId>(`parent ${i}`)] })
  }
  expect(governance.pendingCount).toBeLessThan(4000)
  expect(governance.pendingBytes).toBeLessThanOrEqual(STRANGERS_PENDING_BYTES_MAX)
})

test('what has had to leave is taken when it comes again', () => {
  const governance = new Governance(namespaceId)
  const join = operation({ by: bob, on: [genesis], body: joined(bob, alice) })
  const last = operation({ by: bob, on: [join], body: described('bob', { of: bob }) })
  governance.receive(last)
  for (const op of many(eve, 50)) governance.receive(op)
  expect(governance.get(last.id)).toBeUndefined()
  for (const op of [genesis, join, last]) expect(governance.receive(op).outcome).toBe('accepted')
})

test('what a stranger has waiting is forgotten in time, and what a member has stays', () => {
  const governance = nodeWith([genesis])
  const [first, second, own] = [large(eve, 1), large(eve, 2), large(alice, 3)]
  for (const op of [first, own]) governance.receive(op)
  expect(governance.forgetOldStrangers()).toBe(0)
  governance.receive(second)
  expect(governance.forgetOldStrangers()).toBe(1)
  expect([first, second, own].map(({ id }) => governance.get(id) !== undefined)).toEqual([false, true, true])
  expect(governance.forgetOldStrangers()).toBe(1)
  expect(governance.forgetOldStrangers()).toBe(0)
  expect([governance.pendingCount, governance.strangersPending]).toEqual([1, 0])
  expect(governance.receive(first).outcome).toBe('pending')
})
