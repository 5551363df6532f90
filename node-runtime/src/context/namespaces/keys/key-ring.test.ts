import { expect, it } from 'vitest'
import { type GroupId, idFromBytes, type KeyId } from '../../../base/ids.ts'
import { keyIdOf } from '../../../base/keys.ts'
import { memoryStore } from '../../../store/memory.ts'
import { KeyRing } from './key-ring.ts'

const group = idFromBytes<GroupId>(new Uint8Array(32).fill(7))
const keyOf = (fill: number) => new Uint8Array(32).fill(fill)
const named =
  (...keys: Uint8Array[]) =>
  (keyId: KeyId) =>
    keys.some((key) => keyIdOf(key) === keyId)

it('keeps what the log names, once, and nothing else, also after a restart', async () => {
  const store = memoryStore()
  const ring = await KeyRing.open(store)
  const [wanted, other] = [keyOf(1), keyOf(2)]
  const junk = Array.from({ length: 200 }, (_, fill) => keyOf(fill + 20))
  expect(await ring.store(group, [...junk, wanted, wanted], named(wanted, other))).toBe(1)
  expect(await ring.store(group, [wanted, other], named(wanted, other))).toBe(1)
  for (const each of [ring, await KeyRing.open(store)]) {
    expect(each.all(group)).toHaveLength(2)
    expect(each.find(group, keyIdOf(wanted))).toEqual(wanted)
    expect(each.find(group, keyIdOf(keyOf(20)))).toBeUndefined()
  }
})

it('a key made here counts once its batch is stored', async () => {
  const store = memoryStore()
  const ring = await KeyRing.open(store)
  const change = ring.add(group, keyOf(1))
  expect(ring.all(group)).toEqual([])
  await store.batch([change.op])
  change.committed()
  expect(ring.all(group)).toEqual([keyOf(1)])
  expect((await KeyRing.open(store)).all(group)).toEqual([keyOf(1)])
})
