import { describe, expect, it } from 'vitest'
import { utf8 } from '../base/bytes.ts'
import { crashingStore, drawCrash } from './crashing-store.ts'
import { memoryStore } from './memory.ts'
import type { StoreOp } from './store.ts'
import { storeContract } from './store-contract.ts'

const put = (name: string): StoreOp[] => [{ type: 'put', key: utf8(name), value: utf8(name) }]

storeContract('crashingStore that never crashes', async () =>
  crashingStore(memoryStore(), { atBatch: Number.POSITIVE_INFINITY, written: false }),
)

describe('a crashing store', () => {
  it.each([true, false])('fails from its batch on and keeps what went before (written: %s)', async (written) => {
    const inner = memoryStore()
    const store = crashingStore(inner, { atBatch: 2, written })
    await store.batch(put('a'))
    await expect(store.batch(put('b'))).rejects.toMatchObject({ code: 'STORE_CRASHED' })
    await expect(store.batch(put('c'))).rejects.toMatchObject({ code: 'STORE_CRASHED' })
    expect(() => store.get(utf8('a'))).toThrow(expect.objectContaining({ code: 'STORE_CRASHED' }))
    expect(store.crashed).toBe(true)
    await store.close()
    expect(
      [inner.get(utf8('a')), inner.get(utf8('b')), inner.get(utf8('c'))].map((value) => value !== undefined),
    ).toEqual([true, written, false])
  })

  it('takes another plan while it runs, counted from the next batch', async () => {
    const store = crashingStore(memoryStore(), { atBatch: Number.POSITIVE_INFINITY, written: false })
    await store.batch(put('a'))
    store.arm({ atBatch: 2, written: false })
    await store.batch(put('b'))
    await expect(store.batch(put('c'))).rejects.toMatchObject({ code: 'STORE_CRASHED' })
    expect(() => store.arm({ atBatch: 1, written: true })).toThrow(expect.objectContaining({ code: 'STORE_CRASHED' }))
  })

  it('draws the same crash from the same randomness', () => {
    const random = { bytes: () => utf8(''), float: () => 0.25 }
    expect(drawCrash(random, 8)).toEqual({ atBatch: 3, written: true })
  })
})
