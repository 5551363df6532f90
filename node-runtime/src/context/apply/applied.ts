// What has been applied to a transaction in order, with the records that take it back; up to the first change that is
// another than its author's call has made: what was made on that is not to be applied on this. Or as far as one batch goes.
import { type Bytes, equalBytes } from '../../base/bytes.ts'
import type { InPieces } from '../../base/pieces.ts'
import { changeBytesInPieces } from '../../storage/change-bytes.ts'
import { STATE_PIECE } from '../../storage/limits.ts'
import type { StateTransaction } from '../../storage/state-transaction.ts'
import type { StateChange, UndoRecord } from '../../storage/state-view.ts'
import { APPLY_BATCH_BYTES, APPLY_BATCH_ROWS } from '../limits.ts'
import { both } from '../migration/migration.ts'

export class Applied {
  readonly undos: UndoRecord[] = []
  readonly #transaction: StateTransaction
  readonly #isCounted: (index: number) => boolean
  #isAsForeseen = true
  #rows = 0
  #bytes = 0
  #before: UndoRecord | undefined

  /** `isCounted`: whether what the one at this index changes counts for what a batch may. */
  constructor(transaction: StateTransaction, isCounted: (index: number) => boolean = () => false) {
    this.#transaction = transaction
    this.#isCounted = isCounted
  }

  /** Something that was done to the transaction goes with the next one, and is taken back with it. */
  join(undo: UndoRecord): void {
    this.#before = undo
  }

  get isAsForeseen(): boolean {
    return this.#isAsForeseen
  }

  /** Nothing was unforeseen, and the batch has room. */
  get goesOn(): boolean {
    return this.#isAsForeseen && this.#rows < APPLY_BATCH_ROWS && this.#bytes < APPLY_BATCH_BYTES
  }

  /** `foreseen`: only keys whose values differ from what is there; undefined where nothing was. */
  *add(changes: readonly StateChange[], foreseen: readonly StateChange[] | undefined): InPieces {
    const undo = yield* this.#transaction.applyInPieces(changes)
    if (this.#isCounted(this.undos.length)) {
      this.#rows += undo.previous.length
      // A few bytes remove what is large: the record that takes it back holds that.
      this.#bytes += (yield* changeBytesInPieces(changes)) + (yield* changeBytesInPieces(undo.previous))
    }
    this.undos.push(this.#before === undefined ? undo : yield* both(this.#before, undo))
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
