import { describe, expect, it } from 'vitest'
import { type Bytes, utf8 } from '../base/bytes.ts'
import { parseHexId, type RootHash } from '../base/ids.ts'
import { crashingStore } from '../store/crashing-store.ts'
import { memoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { ContextState } from './context-state.ts'
import { sweepAllGenerations, sweepGenerations } from './generations.ts'
import { SnapshotWriter } from './snapshot-writer.ts'
import { change, commit, contextA, contextB, dump, entriesOf } from './state-fixture.ts'

const token = utf8('checkpoint-1')
type Entry = [Bytes, Bytes]

/** A source of 300 entries in pages of 50, and its root. */
async function source(count = 300): Promise<{ pages: Entry[][]; root: RootHash }> {
  const store = memoryStore()
  const state = await filled(store, count)
  const pages: Entry[][] = []
  for await (const entry of state.entries()) {
    if ((pages.at(-1)?.length ?? 50) === 50) pages.push([])
    pages.at(-1)?.push(entry)
  }
  return { pages, root: state.root }
}

async function filled(store: Store, count: number, prefix = 'key'): Promise<ContextState> {
  const state = ContextState.open(store, contextA)
  const transaction = state.begin()
  transaction.apply(Array.from({ length: count }, (_, n) => change(`${prefix}-${n}`, `value-${n}`)))
  await commit(store, transaction)
  return state
}

describe('receiving a snapshot', () => {
  it('replaces the state at the commit of the swap, and the sweep removes the old generation', async () => {
    const { pages, root } = await source()
    const store = memoryStore()
    const state = await filled(store, 40, 'old')
    const oldRoot = state.root
    const writer = await SnapshotWriter.open(store, contextA, token)
    for (const page of pages) await writer.add(page)
    expect(ContextState.open(store, contextA).root).toBe(oldRoot)
    expect(await entriesOf(state)).toHaveLength(40)
    await store.batch(writer.finish(root))
    state.reload()
    await sweepGenerations(store, contextA)
    expect([state.root, state.generation, state.entryCount]).toEqual([root, 1, 300])

    const direct = memoryStore()
    await filled(direct, 300)
    expect((await dump(store)).length).toBe((await dump(direct)).length)
    const later = state.begin()
    later.apply([change('key-1', 'new')])
    await commit(store, later)
    expect(state.get(utf8('key-1'))).toEqual(utf8('new'))
  })

  it('goes on from its last page when the same snapshot is opened again', async () => {
    const { pages, root } = await source()
    const store = memoryStore()
    const first = await SnapshotWriter.open(store, contextA, token)
    for (const page of pages.slice(0, 3)) await first.add(page)
    await sweepAllGenerations(store)
    const second = await SnapshotWriter.open(store, contextA, token)
    expect(Buffer.compare(second.after ?? utf8(''), pages[2]?.at(-1)?.[0] ?? utf8(''))).toBe(0)
    expect(second.entryCount).toBe(150)
    for (const page of pages.slice(3)) await second.add(page)
    await store.batch(second.finish(root))
    expect(ContextState.open(store, contextA).root).toBe(root)
  })

  it('drops a receipt under another token', async () => {
    const { pages, root } = await source()
    const store = memoryStore()
    const first = await SnapshotWriter.open(store, contextA, token)
    await first.add([[utf8('stale'), utf8('1')]])
    const second = await SnapshotWriter.open(store, contextA, utf8('checkpoint-2'))
    expect(second.after).toBeUndefined()
    for (const page of pages) await second.add(page)
    await store.batch(second.finish(root))
    expect(await entriesOf(ContextState.open(store, contextA))).toHaveLength(300)
  })

  it('throws on another root and on keys out of order, and leaves nothing after abort', async () => {
    const { pages } = await source()
    const store = memoryStore()
    await filled(store, 40, 'old')
    const before = await dump(store)
    const writer = await SnapshotWriter.open(store, contextA, token)
    for (const page of pages) await writer.add(page)
    await expect(writer.add([[utf8('a'), utf8('')]])).rejects.toMatchObject({ code: 'SNAPSHOT_INVALID' })
    const wrong = parseHexId<RootHash>('00'.repeat(32))
    expect(() => writer.finish(wrong)).toThrow(expect.objectContaining({ code: 'STATE_ROOT_MISMATCH' }))
    await writer.abort()
    expect(await dump(store)).toEqual(before)
  })

  it('is safe after any prefix of its batches: old state or new, then resumed to the same rows', async () => {
    const { pages, root } = await source(120)
    const receive = async (store: Store) => {
      const state = ContextState.open(store, contextA)
      if (state.root === root) return
      const writer = await SnapshotWriter.open(store, contextA, token)
      for (const page of pages) {
        const after = writer.after
        const rest = page.filter(([key]) => after === undefined || Buffer.compare(after, key) < 0)
        await writer.add(rest)
      }
      await store.batch(writer.finish(root))
      await sweepGenerations(store, contextA)
    }
    const whole = memoryStore()
    await filled(whole, 40, 'old')
    await receive(whole)
    const expected = await dump(whole)
    for (let atBatch = 1; atBatch <= 8; atBatch += 1) {
      for (const written of [false, true]) {
        const disk = memoryStore()
        const oldRoot = (await filled(disk, 40, 'old')).root
        await receive(crashingStore(disk, { atBatch, written })).catch((error) => {
          expect(error).toMatchObject({ code: 'STORE_CRASHED' })
        })
        expect([oldRoot, root]).toContain(ContextState.open(disk, contextA).root)
        await sweepAllGenerations(disk)
        await receive(disk)
        expect(await dump(disk)).toEqual(expected)
      }
    }
  })

  it('the sweep of all contexts removes only orphans', async () => {
    const store = memoryStore()
    const state = await filled(store, 1500)
    const other = ContextState.open(store, contextB).begin()
    other.apply([change('b', '1')])
    await commit(store, other)
    const before = await dump(store)
    const orphan = await SnapshotWriter.open(store, contextA, token)
    await orphan.add([[utf8('a'), utf8('1')]])
    await store.batch([
      { type: 'del', key: Buffer.from(`782f${'aa'.repeat(32)}${Buffer.from('incoming').toString('hex')}`, 'hex') },
    ])
    await sweepAllGenerations(store)
    expect(await dump(store)).toEqual(before)
    expect(state.entryCount).toBe(1500)
  })
})
