// What has been applied to a transaction in order, with the records that take it back; up to the first change that is
// another than its author's call has made: what was made on that is not to be applied on this.
import { type Bytes, equalBytes } from '../../base/bytes.ts'
import type { InPieces } from '../../base/pieces.ts'
import { STATE_PIECE } from '../../storage/limits.ts'
import type { StateTransaction } from '../../storage/state-transaction.ts'
import type { StateChange, UndoRecord } from '../../storage/state-view.ts'
import { both } from '../migration/migration.ts'

export class Applied {
  readonly undos: UndoRecord[] = []
  readonly #transaction: StateTransaction
  #isAsForeseen = true
  #before: UndoRecord | undefined

  constructor(transaction: StateTransaction) {
    this.#transaction = transaction
  }

  /** Something that was done to the transaction goes with the next one, and is taken back with it. */
  join(undo: UndoRecord): void {
    this.#before = undo
  }

  get isAsForeseen(): boolean {
    return this.#isAsForeseen
  }

  /** `foreseen`: only keys whose values differ from what is there; undefined where nothing was. */
  *add(changes: readonly StateChange[], foreseen: readonly StateChange[] | undefined): InPieces {
    const undo = yield* this.#transaction.applyInPieces(changes)
    this.undos.push(this.#before === undefined ? undo : both(this.#before, undo))
    this.#before = undefined
    if (foreseen !== undefined && !(yield* this.#hasDone(undo, foreseen))) this.#isAsForeseen = false
  }

  *#hasDone({ previous }: UndoRecord, foreseen: readonly StateChange[]): InPieces<boolean> {
    if (previous.length !== foreseen.length) return false
    for (const [index, { key, value }] of foreseen.entries()) {
      if (!isSame(this.#transaction.get(key) ?? null, value)) return false
      if ((index + 1) % STATE_PIECE === 0) yield
    }
    return true
  }
}

function isSame(a: Bytes | null, b: Bytes | null): boolean {
  return a === b || (a !== null && b !== null && equalBytes(a, b))
}
