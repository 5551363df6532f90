// A state is made anew from the disk in several batches: wherever that is cut short, the next attempt needs nothing more than the disk.
import { expect, it } from 'vitest'
import { type Bytes, utf8 } from '../../base/bytes.ts'
import { ContextState } from '../../storage/context-state.ts'
import { sweepAllGenerations } from '../../storage/generations.ts'
import { change, commit, contextA, dump } from '../../storage/state-fixture.ts'
import { crashingStore } from '../../store/crashing-store.ts'
import { faultyStore } from '../../store/faulty-store.ts'
import { memoryStore } from '../../store/memory.ts'
import { ContextStore } from '../context-store.ts'
import { BASE_BATCH_ENTRIES } from '../limits.ts'
import { rebase } from './rebase.ts'

const WHY = 'the disk'

/** A base of two pages, and a state that is not the one of it. */
async function disk() {
  const store = memoryStore()
  const rows = new ContextStore(store, contextA)
  const base = Array.from({ length: BASE_BATCH_ENTRIES + 1 }, (_, index): [Bytes, Bytes] => {
    return [utf8(`key-${`${index}`.padStart(6, '0')}`), utf8('value')]
  })
  const right = ContextState.open(memoryStore(), contextA).begin()
  right.apply(base.map(([key, value]) => ({ key, value })))
  await store.batch(base.map(([key, value]) => rows.putBase(key, value)))
  const wrong = ContextState.open(store, contextA).begin()
  wrong.apply([change('a', 'wrong')])
  await commit(store, wrong)
  return { store, record: { id: contextA, baseRoot: right.root() } }
}

it.each([false, true])('cut short at each batch, that one written: %s', async (written) => {
  const whole = await disk()
  const counted = crashingStore(whole.store, { atBatch: Number.POSITIVE_INFINITY, written })
  expect(await rebase(counted, whole.record, WHY)).toBe(true)
  expect(counted.batches).toBeGreaterThan(4)
  for (let atBatch = 1; atBatch <= counted.batches; atBatch += 1) {
    const { store, record } = await disk()
    await rebase(crashingStore(store, { atBatch, written }), record, WHY).catch(() => undefined)
    await sweepAllGenerations(store)
    expect(await rebase(store, record, WHY), `at batch ${atBatch}`).toBe(true)
    const state = ContextState.open(store, contextA)
    expect(state.root).toBe(record.baseRoot)
    // Nothing of the attempts is left.
    expect((await dump(store)).length).toBe((await dump(whole.store)).length)
  }
})

it('on a disk so full that what was begun stays, the next attempt of the same run', async () => {
  const { store, record } = await disk()
  let left = 3
  const write = () => {
    left -= 1
    return left < 0 ? Object.assign(new Error('no space left'), { code: 'ENOSPC' }) : undefined
  }
  const full = faultyStore(store, 'the disk', { write })
  await expect(rebase(full, record, WHY)).rejects.toMatchObject({ code: 'STORE_FULL' })
  left = Number.POSITIVE_INFINITY
  expect(await rebase(full, record, WHY)).toBe(true)
})
