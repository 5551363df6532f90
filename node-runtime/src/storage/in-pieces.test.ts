// A transaction that changes much can be held up for others after each piece, and comes to the same.
import { expect, it } from 'vitest'
import { u32be, utf8 } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { atOnce, type InPieces } from '../base/pieces.ts'
import { memoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { ContextState } from './context-state.ts'
import { STATE_PIECE } from './limits.ts'
import { commit, contextA, dump } from './state-fixture.ts'
import type { StateTransaction } from './state-transaction.ts'
import type { StateChange, UndoRecord } from './state-view.ts'
import { EMPTY_ROOT } from './trie-node.ts'
import { decodeUndo, encodeUndo, encodeUndoInPieces, undoInPieces } from './undo.ts'

const COUNT = 3000
/** Most are new, some replace or delete what the first half has made. */
const first = Array.from({ length: COUNT }, (_, index): StateChange => changeOf(index, 'first'))
const second = Array.from({ length: COUNT }, (_, index): StateChange => {
  return changeOf(index + COUNT / 2, index % 3 === 0 ? null : 'second')
})

function changeOf(index: number, value: string | null): StateChange {
  return { key: sha256(u32be(index)), value: value === null ? null : utf8(`${value} ${index}`) }
}

interface Way {
  apply(transaction: StateTransaction, changes: readonly StateChange[]): UndoRecord
  revert(transaction: StateTransaction, undo: UndoRecord): void
  write(store: Store, transaction: StateTransaction): Promise<void>
}

const WHOLE: Way = {
  apply: (transaction, changes) => transaction.apply(changes),
  revert: (transaction, undo) => transaction.revert(decodeUndo(encodeUndo(undo))),
  write: commit,
}
const PIECED: Way = {
  apply: (transaction, changes) => atOnce(transaction.applyInPieces(changes)),
  revert: (transaction, undo) =>
    atOnce(transaction.revertInPieces(atOnce(undoInPieces(atOnce(encodeUndoInPieces(undo)))))),
  async write(store, transaction) {
    await store.batch(atOnce(transaction.opsInPieces()))
    transaction.committed()
  },
}

async function rowsAfterEach({ apply, revert, write }: Way) {
  const store = memoryStore()
  const state = ContextState.open(store, contextA)
  const seen: { rows: string[]; root: string }[] = []
  const done = async (transaction: StateTransaction) => {
    await write(store, transaction)
    seen.push({ rows: await dump(store), root: state.root })
  }
  let transaction = state.begin()
  const undos = [apply(transaction, first)]
  await done(transaction)
  transaction = state.begin()
  undos.push(apply(transaction, second))
  await done(transaction)
  transaction = state.begin()
  for (const undo of undos.toReversed()) revert(transaction, undo)
  apply(transaction, second)
  await done(transaction)
  return seen
}

it('what is applied, taken back, hashed and written in pieces has the same rows and root', async () => {
  expect(await rowsAfterEach(PIECED)).toEqual(await rowsAfterEach(WHOLE))
})

it('an undo record in pieces has the same bytes, whatever is written meanwhile', () => {
  const undo = { previous: first.concat(second) }
  const work = encodeUndoInPieces(undo)
  for (;;) {
    const step = work.next()
    encodeUndo({ previous: second.slice(0, 2) })
    if (!step.done) continue
    expect(Buffer.compare(step.value, encodeUndo(undo))).toBe(0)
    expect(atOnce(undoInPieces(step.value))).toEqual(decodeUndo(encodeUndo(undo)))
    return
  }
})

it('each of these is cut after so many entries', () => {
  const cuts = Math.floor(COUNT / STATE_PIECE)
  const transaction = ContextState.open(memoryStore(), contextA).begin()
  const [undo, applied] = counted(transaction.applyInPieces(first))
  expect(applied).toBe(cuts)
  // Once to see where each belongs, once to hash it.
  expect(counted(transaction.rootInPieces())[1]).toBe(2 * cuts)
  expect(counted(transaction.opsInPieces())[1]).toBeGreaterThan(cuts)
  // Once for the pairs, once for their bytes; and back.
  const [bytes, encoded] = counted(encodeUndoInPieces(undo))
  expect(encoded).toBe(2 * cuts)
  expect(counted(undoInPieces(bytes))[1]).toBe(2 * cuts)
  expect(counted(transaction.revertInPieces(undo))[1]).toBe(cuts)
  expect(transaction.root()).toBe(EMPTY_ROOT)
})

it('what is small is not cut', () => {
  const few = first.slice(0, STATE_PIECE - 1)
  const transaction = ContextState.open(memoryStore(), contextA).begin()
  const [undo, applied] = counted(transaction.applyInPieces(few))
  const [bytes, encoded] = counted(encodeUndoInPieces(undo))
  const cuts = [applied, encoded, counted(undoInPieces(bytes))[1], counted(transaction.rootInPieces())[1]]
  expect(cuts).toEqual([0, 0, 0, 0])
})

function counted<T>(work: InPieces<T>): [T, number] {
  for (let cuts = 0; ; cuts += 1) {
    const step = work.next()
    if (step.done) return [step.value, cuts]
  }
}
