import { expect, it } from 'vitest'
import { utf8 } from '../base/bytes.ts'
import { requireFormat } from './format.ts'
import { keyOf } from './keys.ts'
import { memoryStore } from './memory.ts'

const row = { type: 'put' as const, key: keyOf('delta', new Uint8Array(64)), value: new Uint8Array(1) }

it('a new data directory is of this version, and is read again', async () => {
  const store = memoryStore()
  await requireFormat(store)
  await store.batch([row])
  await requireFormat(store)
})

it('rows from before versions were noted, and those of another one, are refused', async () => {
  const store = memoryStore()
  await store.batch([row])
  await expect(requireFormat(store)).rejects.toMatchObject({ code: 'STORE_OLD', data: { version: '1' } })
  await store.batch([{ type: 'put', key: keyOf('nodeMeta', utf8('format')), value: utf8('99') }])
  await expect(requireFormat(store)).rejects.toMatchObject({ code: 'STORE_OLD', data: { version: '99' } })
})
