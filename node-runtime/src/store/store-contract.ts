// The contract suite of the store port. An implementation's test is one call of it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Bytes, toHex, utf8 } from '../base/bytes.ts'
import { rangeOf, type Store, type StoreOp, type StoreReader } from './store.ts'

const key = (text: string): Bytes => utf8(text)
const put = (name: string, value: string): StoreOp => ({ type: 'put', key: key(name), value: utf8(value) })
const del = (name: string): StoreOp => ({ type: 'del', key: key(name) })
const text = (bytes: Bytes | undefined): string | undefined => (bytes ? Buffer.from(bytes).toString('utf8') : undefined)
const everything = { gte: key('!'), lt: key('~') }

async function list(reader: StoreReader, range: Parameters<StoreReader['entries']>[0] = everything): Promise<string[]> {
  const out: string[] = []
  for await (const [name, value] of reader.entries(range)) out.push(`${text(name)}=${text(value)}`)
  return out
}

export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(`${name} as a store`, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
    })
    afterEach(async () => {
      await store.close()
    })

    it('reads back what a batch wrote, deleted and replaced', async () => {
      await store.batch([put('a', '1'), put('b', '2'), put('c', '')])
      await store.batch([del('a'), put('b', '3'), del('unknown')])
      expect(text(store.get(key('a')))).toBeUndefined()
      expect(text(store.get(key('b')))).toBe('3')
      expect(store.get(key('c'))?.byteLength).toBe(0)
    })

    it('applies the operations of one batch in order, the last on a key winning', async () => {
      await store.batch([put('a', '1'), del('a'), put('b', '1'), put('b', '2'), del('c'), put('c', '3')])
      expect(await list(store)).toEqual(['b=2', 'c=3'])
    })

    it('applies batches in the order of the calls, awaited or not', async () => {
      const writes = Array.from({ length: 50 }, (_, index) => store.batch([put('a', `${index}`), put('b', `${index}`)]))
      await Promise.all(writes)
      expect(await list(store)).toEqual(['a=49', 'b=49'])
    })

    it('accepts an empty batch', async () => {
      await store.batch([])
      expect(await list(store)).toEqual([])
    })

    it('keeps its own copy of the bytes it was given', async () => {
      const value = utf8('before')
      const name = utf8('name')
      await store.batch([{ type: 'put', key: name, value }])
      value.fill(0)
      name.fill(0)
      expect(text(store.get(key('name')))).toBe('before')
    })

    it('orders keys as unsigned bytes, a shorter key first', async () => {
      const keys = [[0x61], [0x61, 0x00], [0x61, 0x7f], [0x61, 0x80], [0x61, 0xff], [0x61, 0xff, 0x00]]
      const shuffled = [...keys].reverse()
      await store.batch(
        shuffled.map((bytes): StoreOp => ({ type: 'put', key: Uint8Array.from(bytes), value: utf8('v') })),
      )
      const seen: string[] = []
      for await (const [name] of store.entries(rangeOf(utf8('a')))) seen.push(toHex(name))
      expect(seen).toEqual(keys.map((bytes) => toHex(Uint8Array.from(bytes))))
    })

    it('includes gte, excludes lt, and obeys limit and reverse', async () => {
      await store.batch(['a', 'b', 'c', 'd', 'e'].map((name) => put(name, name)))
      const range = { gte: key('b'), lt: key('e') }
      expect(await list(store, range)).toEqual(['b=b', 'c=c', 'd=d'])
      expect(await list(store, { ...range, limit: 2 })).toEqual(['b=b', 'c=c'])
      expect(await list(store, { ...range, reverse: true })).toEqual(['d=d', 'c=c', 'b=b'])
      expect(await list(store, { ...range, reverse: true, limit: 1 })).toEqual(['d=d'])
      expect(await list(store, { ...range, limit: 0 })).toEqual([])
      expect(await list(store, { gte: key('x'), lt: key('y') })).toEqual([])
    })

    it('iterates a consistent view while batches go on', async () => {
      await store.batch(['a', 'b', 'c', 'd'].map((name) => put(name, 'old')))
      const seen: string[] = []
      for await (const [name, value] of store.entries(everything)) {
        if (seen.length === 0) await store.batch([del('b'), put('c', 'new'), put('cc', 'new')])
        seen.push(`${text(name)}=${text(value)}`)
      }
      expect(seen).toEqual(['a=old', 'b=old', 'c=old', 'd=old'])
    })

    it('shows a snapshot the state at its making, whatever is written later', async () => {
      await store.batch([put('a', '1'), put('b', '1'), put('c', '1')])
      const snapshot = store.snapshot()
      await store.batch([put('a', '2'), del('b'), put('bb', '2')])
      const later = store.snapshot()
      await store.batch([del('c'), put('b', '3')])
      expect(await list(snapshot)).toEqual(['a=1', 'b=1', 'c=1'])
      expect(await list(snapshot, { ...everything, reverse: true, limit: 2 })).toEqual(['c=1', 'b=1'])
      expect(await list(later)).toEqual(['a=2', 'bb=2', 'c=1'])
      expect(text(snapshot.get(key('b')))).toBe('1')
      expect(snapshot.get(key('bb'))).toBeUndefined()
      expect(await list(store)).toEqual(['a=2', 'b=3', 'bb=2'])
      await Promise.all([snapshot.close(), later.close()])
    })

    it('refuses reads of a closed snapshot, and closing it again is nothing', async () => {
      const snapshot = store.snapshot()
      await snapshot.close()
      await snapshot.close()
      expect(() => snapshot.get(key('a'))).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
      await expect(list(snapshot)).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    })

    it('closes once, finishing what runs and refusing what comes', async () => {
      const snapshot = store.snapshot()
      const write = store.batch([put('a', '1')])
      await Promise.all([store.close(), store.close(), write])
      await store.close()
      expect(() => store.get(key('a'))).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
      expect(() => snapshot.get(key('a'))).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
      expect(() => store.snapshot()).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
      await expect(store.batch([put('a', '2')])).rejects.toMatchObject({ code: 'STORE_CLOSED' })
      await expect(list(store)).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    })

    it('ends an iteration that is under way when it closes', async () => {
      await store.batch(['a', 'b', 'c'].map((name) => put(name, name)))
      const iterating = (async () => {
        for await (const _ of store.entries(everything)) await store.close()
      })()
      await expect(iterating).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    })
  })
}
