// The roots beneath what was applied: what a checkpoint that ends there claims. Each costs what lies above it, once: it is remembered
// until something beneath it changes.
import type { Bytes } from '../../base/bytes.ts'
import { type DeltaId, type RootHash, stampOf } from '../../base/ids.ts'
import type { InPieces } from '../../base/pieces.ts'
import type { StateTransaction } from '../../storage/state-transaction.ts'
import { undoInPieces } from '../../storage/undo.ts'
import type { ContextParts } from '../parts.ts'
import type { Turns } from '../turns.ts'
import { sweptKeys, without } from './swept-keys.ts'

type RootsParts = Pick<ContextParts, 'rows' | 'state'> & { readonly turns: Turns }

/** Positions in the store, of undo records: from the first that is taken back to behind the last. */
interface Span {
  readonly from: number
  readonly to: number
}

export interface Swept {
  readonly root: RootHash
  /** Keys of the state there that are not in it. */
  readonly swept: readonly Bytes[]
}

export class RootsBelow {
  readonly #parts: RootsParts
  /** By position, the root beneath it. */
  readonly #roots = new Map<number, RootHash>()
  #swept: (Swept & { readonly from: number; readonly last: DeltaId }) | undefined

  constructor(parts: RootsParts) {
    this.#parts = parts
  }

  /** With those at `above`, which ascend and are asked for if need be. */
  async at({ from, to }: Span, above: () => readonly number[]): Promise<RootHash> {
    const { state, turns } = this.#parts
    const known = this.#roots.get(from)
    if (known !== undefined) return known
    const transaction = state.begin()
    let top = to
    for (const place of [from, ...above()].reverse()) {
      await takeBack(this.#parts, transaction, { from: place, to: top })
      this.#roots.set(place, await turns.run(transaction.rootInPieces()))
      top = place
    }
    return transaction.root()
  }

  /** Without what was removed there with a stamp of `last` or before: nothing comes beside it any more (ADR 0029). */
  async sweptAt(span: Span, last: DeltaId): Promise<Swept> {
    const { state, turns } = this.#parts
    const { from } = span
    const known = this.#swept
    if (known?.from === from && known.last === last) return known
    const transaction = state.begin()
    await takeBack(this.#parts, transaction, span)
    const there = { stored: state.entries(), otherwise: transaction.staged() }
    const swept = await sweptKeys(there, { until: stampOf(last), turns })
    await turns.run(transaction.applyInPieces(swept.map(without)))
    this.#swept = { from, last, swept, root: await turns.run(transaction.rootInPieces()) }
    return this.#swept
  }

  /** What is remembered of behind a position says nothing any more; with `isSwept`, nor does what is of itself. */
  forgetAbove(position: number, isSwept: boolean): void {
    for (const known of this.#roots.keys()) {
      if (known > position || (isSwept && known === position)) this.#roots.delete(known)
    }
    if (this.#swept && (isSwept || this.#swept.from > position)) this.#swept = undefined
  }

  /** History before a position is gone. */
  pruned(position: number): void {
    for (const known of this.#roots.keys()) if (known < position) this.#roots.delete(known)
    if (this.#swept && this.#swept.from < position) this.#swept = undefined
  }
}

/** The undo records of a span, newest first. Returns how many rows of the state that has changed, and the bytes of the records. */
export async function takeBack(
  { rows, turns }: Pick<RootsParts, 'rows' | 'turns'>,
  transaction: StateTransaction,
  { from, to }: Span,
): Promise<{ readonly changed: number; readonly bytes: number }> {
  let [changed, bytes] = [0, 0]
  for (let position = to - 1; position >= from; position -= 1) {
    const row = rows.undo(position)
    changed += await turns.run(takenBack(transaction, row.undo))
    bytes += row.undo.byteLength
    await turns.spend(row.undo.byteLength)
  }
  return { changed, bytes }
}

function* takenBack(transaction: StateTransaction, row: Bytes): InPieces<number> {
  const undo = yield* undoInPieces(row)
  yield* transaction.revertInPieces(undo)
  return undo.previous.length
}
