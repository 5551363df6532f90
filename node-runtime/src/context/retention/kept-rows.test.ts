import { describe, expect, it } from 'vitest'
import { type ContextId, type DeltaId, idBytes, type PublicKey, parseHexId } from '../../base/ids.ts'
import { behind } from '../../reconcile/item-key.ts'
import { keyOf } from '../../store/keys.ts'
import { memoryStore } from '../../store/memory.ts'
import { Turns } from '../turns.ts'
import { dropKeptBefore } from './kept-rows.ts'
import { reissuesOf } from './lost.ts'

const CONTEXT = parseHexId<ContextId>('c'.repeat(64))
const idOf = (digit: string) => parseHexId<DeltaId>(digit.repeat(64))

describe('own deltas that are pruned', () => {
  it('go up to the bound, by their ids alone', async () => {
    const store = memoryStore()
    const keyAt = (digit: string) => keyOf('kept', idBytes(CONTEXT), idBytes(idOf(digit)))
    // No row: whoever reads more than its key fails.
    const value = Uint8Array.of(0)
    await store.batch(['1', '2', '3'].map((digit) => ({ type: 'put' as const, key: keyAt(digit), value })))
    const dropped: unknown[] = []
    for await (const op of dropKeptBefore(store, CONTEXT, behind(idOf('2')))) dropped.push(op)
    expect(dropped).toEqual(['1', '2'].map((digit) => ({ type: 'del', key: keyAt(digit) })))
  })

  it('are read, and none of other members', async () => {
    const [own, other] = ['a', 'b'].map((digit) => parseHexId<PublicKey>(digit.repeat(64)))
    if (!own || !other) throw new Error('two members')
    const asked: DeltaId[] = []
    const rows = { delta: (id: DeltaId) => void asked.push(id) }
    const lost = ['1', '2', '3'].map((digit, index) => {
      const author = index === 1 ? own : other
      return { id: idOf(digit), author, parents: [], origin: idOf(digit), counts: true }
    })
    await reissuesOf(lost, { rows, own, turns: new Turns({ elapsedMs: () => 0, setTimer: () => () => {} }) })
    expect(asked).toEqual([idOf('2')])
  })
})
