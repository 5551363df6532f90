// The stack of the deltas that were applied to a context, with what takes each of them back.
import { type Bytes, equalBytes, u64be } from '../base/bytes.ts'
import { type ContextId, type DeltaId, idBytes, idFromBytes } from '../base/ids.ts'
import { StorageError } from '../storage/errors.ts'
import { keyOf } from '../store/keys.ts'
import { rangeOf, type StoreOp, type StoreReader } from '../store/store.ts'
import { decodeRow, encodeRow, RecordError, type UndoRow } from '../wire/records.ts'

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

  /** Throws StorageError. */
  undo(position: number): UndoRow {
    const bytes = this.#store.get(this.#undoKey(position))
    if (bytes === undefined) throw this.#gone(position)
    return undoIn(bytes)
  }

  /** The applied deltas from a position on, in the order they were applied. Throws StorageError. */
  async stack(base: number): Promise<Stacked[]> {
    const stack: Stacked[] = []
    const { lt } = rangeOf(keyOf('undo', this.#id))
    for await (const [key, value] of this.#store.entries({ gte: this.#undoKey(base), lt })) {
      const position = base + stack.length
      if (!equalBytes(key, this.#undoKey(position))) throw this.#gone(position)
      const { deltaId, version } = undoIn(value)
      stack.push({ id: idFromBytes<DeltaId>(deltaId), ...(version === undefined ? {} : { version }) })
    }
    return stack
  }

  /** The undo records from a position on, newest first. Throws StorageError. */
  async *undosDownTo(base: number): AsyncGenerator<UndoRow> {
    const { lt } = rangeOf(keyOf('undo', this.#id))
    for await (const [, value] of this.#store.entries({ gte: this.#undoKey(base), lt, reverse: true })) {
      yield undoIn(value)
    }
  }

  /** The deltas of the undo records from a position on, of as many as can be read. */
  async *undone(base: number): AsyncGenerator<DeltaId> {
    const { lt } = rangeOf(keyOf('undo', this.#id))
    for await (const [, value] of this.#store.entries({ gte: this.#undoKey(base), lt })) {
      const id = deltaIn(value)
      if (id !== undefined) yield id
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

  #gone(position: number): StorageError {
    return new StorageError('STATE_CORRUPT', `undo record ${position} is gone from the store; the state is made anew`)
  }
}

function undoIn(bytes: Bytes): UndoRow {
  try {
    return decodeRow<UndoRow>('undo record', bytes)
  } catch (cause) {
    if (!(cause instanceof RecordError)) throw cause
    throw new StorageError('UNDO_INVALID', 'an undo record cannot be read; the state is made anew', { cause })
  }
}

function deltaIn(bytes: Bytes): DeltaId | undefined {
  try {
    return idFromBytes<DeltaId>(undoIn(bytes).deltaId)
  } catch (error) {
    if (error instanceof StorageError) return undefined
    throw error
  }
}
