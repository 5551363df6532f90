import { expect, it } from 'vitest'
import { type GroupId, idFromBytes } from '../base/ids.ts'
import { memoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { decodeKey, encodeKey, type GroupKey, KeyRing } from './key-ring.ts'

const group = idFromBytes<GroupId>(new Uint8Array(32).fill(7))
const [first, second, third] = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
]

async function reopened(store: Store): Promise<GroupKey | undefined> {
  return (await KeyRing.open(store)).newest(group)
}

it('keys added at the same time give the same sealing key in any order, and after a restart', async () => {
  const seen = new Set<string | undefined>()
  for (const order of [
    [second, third],
    [third, second],
  ]) {
    for (const commitLastFirst of [false, true]) {
      const store = memoryStore()
      const ring = await KeyRing.open(store)
      await ring.store(group, [{ key: first, generation: 0 }])
      const changes = order.map((key) => ring.add(group, key))
      if (commitLastFirst) changes.reverse()
      for (const change of changes) {
        await store.batch(change.ops)
        change.committed()
      }
      seen.add(ring.newest(group)?.keyId)
      seen.add((await reopened(store))?.keyId)
    }
  }
  expect(seen.size).toBe(1)
})

it('members that hand each other their keys end with the same sealing key, whoever asks first', async () => {
  const rings = await Promise.all([second, third].map(() => KeyRing.open(memoryStore())))
  const [ada, bob] = rings
  if (!ada || !bob) throw new Error('two rings were expected')
  for (const [ring, key] of [
    [ada, second],
    [bob, third],
  ] as const) {
    await ring.store(group, [{ key: first, generation: 0 }])
    const change = ring.add(group, key)
    change.committed()
  }
  const cyd = await KeyRing.open(memoryStore())
  await cyd.store(group, bob.all(group))
  await bob.store(group, ada.all(group))
  await ada.store(group, [...bob.all(group)].reverse())
  await cyd.store(group, ada.all(group))
  expect(new Set([ada, bob, cyd].map((ring) => ring.newest(group)?.keyId)).size).toBe(1)
  // A rotation that knows both supersedes both.
  const next = ada.add(group, new Uint8Array(32).fill(4))
  next.committed()
  await bob.store(group, ada.all(group))
  expect(bob.newest(group)?.key).toEqual(new Uint8Array(32).fill(4))
})

it('of two generations told of one key the higher counts, in either order and after a restart', async () => {
  for (const told of [
    [1, 3],
    [3, 1],
  ]) {
    const store = memoryStore()
    const ring = await KeyRing.open(store)
    await ring.store(group, [{ key: second, generation: 2 }])
    await Promise.all(told.map((generation) => ring.store(group, [{ key: first, generation }])))
    expect(ring.newest(group)?.key).toEqual(first)
    expect((await reopened(store))?.keyId).toBe(ring.newest(group)?.keyId)
  }
})

it('a delivered key of another length is refused', () => {
  const sent = { key: first, generation: 5 }
  expect(decodeKey(encodeKey(sent))).toEqual(sent)
  expect(() => decodeKey(first)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }))
})
