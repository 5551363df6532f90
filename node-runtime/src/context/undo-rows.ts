// The stack of the deltas that were applied to a context, with what takes each of them back.
import { type Bytes, u64be } from '../base/bytes.ts'
import { type ContextId, type DeltaId, idBytes, idFromBytes } from '../base/ids.ts'
import { keyOf } from '../store/keys.ts'
import { rangeOf, type StoreOp, type StoreReader } from '../store/store.ts'
import { decodeRow, encodeRow, type UndoRow } from '../wire/records.ts'

/** An applied delta, and the version of the state that it was made for; absent: the first. */
export interface Stacked {
  readonly id: DeltaId
  readonly version?: number
}

export class UndoRows {
  readonly #store: StoreReader
  readonly #id: Bytes

  constructor(store: StoreReader, contextId: ContextId) {
    this.#store = store
    this.#id = idBytes(contextId)
  }

  pushUndo(position: number, { id, version }: Stacked, undo: Bytes): StoreOp {
    const made = version === undefined ? {} : { version }
    const value = encodeRow({ v: 1, deltaId: idBytes(id), undo, ...made })
    return { type: 'put', key: this.#undoKey(position), value }
  }

  dropUndo(position: number): StoreOp {
    return { type: 'del', key: this.#undoKey(position) }
  }

  undo(position: number): UndoRow | undefined {
    const bytes = this.#store.get(this.#undoKey(position))
    return bytes && decodeRow<UndoRow>('undo record', bytes)
  }

  /** The applied deltas from a position on, in the order they were applied. */
  async stack(base: number): Promise<Stacked[]> {
    const stack: Stacked[] = []
    const { lt } = rangeOf(keyOf('undo', this.#id))
    for await (const [, value] of this.#store.entries({ gte: this.#undoKey(base), lt })) {
      const { deltaId, version } = decodeRow<UndoRow>('undo record', value)
      stack.push({ id: idFromBytes<DeltaId>(deltaId), ...(version === undefined ? {} : { version }) })
    }
    return stack
  }

  /** The undo records from a position on, newest first. */
  async *undosDownTo(base: number): AsyncGenerator<UndoRow> {
    const { lt } = rangeOf(keyOf('undo', this.#id))
    for await (const [, value] of this.#store.entries({ gte: this.#undoKey(base), lt, reverse: true })) {
      yield decodeRow<UndoRow>('undo record', value)
    }
  }

  /** Removes the undo records before a position, one operation each. */
  async *dropUndosBelow(base: number): AsyncGenerator<StoreOp> {
    const { gte } = rangeOf(keyOf('undo', this.#id))
    for await (const [key] of this.#store.entries({ gte, lt: this.#undoKey(base) })) yield { type: 'del', key }
  }

  #undoKey(position: number): Bytes {
    return keyOf('undo', this.#id, u64be(BigInt(position)))
  }
}
