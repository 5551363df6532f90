import { expect, it } from 'vitest'
import { utf8 } from '../base/bytes.ts'
import { faultyStore } from './faulty-store.ts'
import { memoryStore } from './memory.ts'
import { storeContract } from './store-contract.ts'
import { watchedStore } from './watched-store.ts'

storeContract('watchedStore', async () => watchedStore(memoryStore()))

const put = { type: 'put', key: utf8('a'), value: utf8('1') } as const
const del = { type: 'del', key: utf8('b') } as const

it.each([
  ['ENOSPC', 'STORE_FULL'],
  ['EROFS', 'STORE_UNWRITABLE'],
  ['EIO', 'STORE_FAILED'],
])('a batch that fails with %s is known until one with something in it is written', async (code, failing) => {
  let cause: Error | undefined = Object.assign(new Error(code), { code })
  const store = watchedStore(faultyStore(memoryStore(), 'x', { write: () => cause }))
  expect(store.failing).toBeUndefined()
  await expect(store.batch([put])).rejects.toMatchObject({ code: failing })
  expect(store.failing).toBe(failing)
  cause = undefined
  await store.batch([del])
  expect(store.failing).toBe(failing)
  await store.batch([del, put])
  expect(store.failing).toBeUndefined()
})

it('a store that is closed does not fail', async () => {
  const store = watchedStore(memoryStore())
  await store.close()
  await expect(store.batch([put])).rejects.toMatchObject({ code: 'STORE_CLOSED' })
  expect(store.failing).toBeUndefined()
})
