import { expect, it } from 'vitest'
import { type ContextId, type DeltaId, idBytes, parseHexId, type RootHash } from '../../src/base/ids.ts'
import { ContextStore } from '../../src/context/context-store.ts'
import { HeldIds } from '../../src/context/held-ids.ts'
import { keyOf } from '../../src/store/keys.ts'
import { memoryStore } from '../../src/store/memory.ts'
import type { Checkpoint } from '../../src/wire/checkpoint.ts'
import { leftoversOf } from './leftovers.ts'

const contextId = parseHexId<ContextId>('c'.repeat(64))
const idOf = (digit: string) => parseHexId<DeltaId>(digit.repeat(64))
const [one, two, three] = [idOf('1'), idOf('2'), idOf('3')]

/** It contains three, and names two of them. */
const checkpoint: Checkpoint = {
  contextId,
  last: three,
  count: 3,
  chain: new Uint8Array(32),
  root: parseHexId<RootHash>('4'.repeat(64)),
  heads: [three],
  authors: {},
  recent: { counting: [two, three], voids: [], lost: [] },
  governance: [],
}

it('counts own deltas that the checkpoint names no more', async () => {
  const disk = memoryStore()
  const rows = new ContextStore(disk, contextId)
  const value = Uint8Array.of(0)
  await disk.batch([
    rows.putCheckpoint({ certified: { checkpoint, vouches: [] }, base: 0, unseen: [] }),
    ...[one, two].map((id) => ({ type: 'put' as const, key: keyOf('kept', idBytes(contextId), idBytes(id)), value })),
  ])
  expect((await leftoversOf(disk, contextId, [])).kept).toBe(1)
})

it('counts what is stored and not offered, and what is offered and not stored', async () => {
  const disk = memoryStore()
  const held = new HeldIds(disk, new ContextStore(disk, contextId), contextId)
  const ops = [one, two].map((id) => ({
    type: 'put' as const,
    key: keyOf('delta', idBytes(contextId), idBytes(id)),
    value: new Uint8Array(1),
    held: { place: 'graph', id },
  }))
  await disk.batch([...ops, ...held.follow(ops)])
  const misoffered = async (stored: readonly DeltaId[]) => (await leftoversOf(disk, contextId, stored)).misoffered
  expect([await misoffered([one, two]), await misoffered([one]), await misoffered([one, two, three])]).toEqual([
    0, 1, 1,
  ])
})
