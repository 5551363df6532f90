import { expect, it } from 'vitest'
import { type Bytes, toHex, utf8 } from '../../base/bytes.ts'
import { atOnce } from '../../base/pieces.ts'
import { mergeArtifact, mergeInPieces } from '../../crdt/artifact.ts'
import { MERGE_PIECE } from '../../crdt/limits.ts'
import { idOf, Replica } from '../../crdt/replica-fixture.ts'
import { ContextState } from '../../storage/context-state.ts'
import { commit, contextA } from '../../storage/state-fixture.ts'
import { statePrefix } from '../../store/keys.ts'
import { memoryStore } from '../../store/memory.ts'
import type { StoreOp } from '../../store/store.ts'
import { StagedMap } from '../staged-map.ts'
import { requireWhole } from './require-whole.ts'

const id = idOf('set')

/** A state with a set of one element, and a merge that adds another one. */
async function scene() {
  const store = memoryStore()
  const replica = new Replica('ada')
  const first = replica.call((session) => session.setInsert(id, utf8('a')))
  const second = replica.call((session) => session.setInsert(id, utf8('b')))
  if (!first || !second) throw new Error('nothing was written')
  const transaction = ContextState.open(store, contextA).begin()
  const staged = new StagedMap(transaction)
  mergeArtifact(staged, first.artifact, first)
  transaction.apply(staged.changes())
  await commit(store, transaction)
  const index = staged.changes().find(({ key }) => key.at(-2) === 'i'.charCodeAt(0))
  if (!index) throw new Error('the set has no index')
  return { store, merge: second, index: index.key }
}

const unreadable: Bytes = Uint8Array.of(9)

it("a record that was so when it was written is nobody's damage: the merge fails for all", async () => {
  const { store, merge, index } = await scene()
  const transaction = ContextState.open(store, contextA).begin()
  transaction.apply([{ key: index, value: unreadable }])
  await commit(store, transaction)
  const state = ContextState.open(store, contextA)
  const view = state.begin()
  expect(() => mergeArtifact(new StagedMap(view), merge.artifact, merge)).toThrow(
    expect.objectContaining({ code: 'CRDT_STATE_CORRUPT' }),
  )
  expect(() => atOnce(requireWhole(state, view, merge))).not.toThrow()
})

it('one that is another than the tree says, of those that the merge reads, is damage of this disk', async () => {
  const { store, merge, index } = await scene()
  const put = (key: Bytes): StoreOp => ({
    type: 'put',
    key: Buffer.concat([statePrefix(contextA, 0), key]),
    value: unreadable,
  })
  await store.batch([put(utf8('read by nobody'))])
  const state = ContextState.open(store, contextA)
  expect(() => atOnce(requireWhole(state, state.begin(), merge))).not.toThrow()
  await store.batch([put(index)])
  expect(() => atOnce(requireWhole(state, state.begin(), merge)), toHex(index)).toThrow(
    expect.objectContaining({ code: 'STATE_CORRUPT' }),
  )
})

it('takes as many pieces as the merge', () => {
  const replica = new Replica('ada')
  const merge = replica.call((session) => {
    for (let i = 0; i < 4 * MERGE_PIECE; i += 1) session.setInsert(id, utf8(`${i}`))
  })
  if (!merge) throw new Error('nothing was written')
  const state = ContextState.open(memoryStore(), contextA)
  const view = state.begin()
  const pieces = [...mergeInPieces(new StagedMap(view), merge.artifact, merge)].length
  expect(pieces).toBeGreaterThan(2)
  expect([...requireWhole(state, view, merge)].length).toBe(pieces)
})
