// Brings the base of a context here, page by page, beside whatever state there is. Each receipt is of one peer's answer, whole:
// what another one began is not gone on with, because a false entry shows in the root only, at the end.
import type { Bytes } from '../base/bytes.ts'
import { assert } from '../base/errors.ts'
import { type ContextId, idBytes, type RootHash } from '../base/ids.ts'
import { dropIncoming } from '../storage/generations.ts'
import { SnapshotWriter } from '../storage/snapshot-writer.ts'
import type { Store, StoreOp } from '../store/store.ts'
import { dropRows } from './context-records.ts'
import { ContextStore } from './context-store.ts'
import { BASE_BATCH_ENTRIES } from './limits.ts'

type Entries = AsyncIterable<readonly [Bytes, Bytes]>

export class BaseCopy {
  readonly #store: Store
  readonly #id: ContextId
  #swap: readonly StoreOp[] | undefined

  constructor(store: Store, id: ContextId) {
    this.#store = store
    this.#id = id
  }

  /**
   * `entries` are all of them, in the order of their keys; `root` is the one that the creator signed. Throws StorageError
   * where they are others, and then nothing of them is left.
   */
  async take(entries: Entries, root: RootHash): Promise<void> {
    // What a crash has left.
    await this.drop()
    const writer = await SnapshotWriter.open(this.#store, this.#id, idBytes(root))
    try {
      await this.#receive(entries, writer)
      this.#swap = writer.finish(root)
    } catch (error) {
      await this.drop()
      throw error
    }
  }

  /** Makes what was taken the state of the context, for the caller's batch. */
  swap(): readonly StoreOp[] {
    assert(this.#swap !== undefined, 'a base is used that was not taken')
    return this.#swap
  }

  /** Also what others are given of it: none of it was checked yet, or it is not wanted any more. */
  async drop(): Promise<void> {
    await dropUnfinished(this.#store, this.#id)
  }

  async #receive(entries: Entries, writer: SnapshotWriter): Promise<void> {
    const rows = new ContextStore(this.#store, this.#id)
    let page: (readonly [Bytes, Bytes])[] = []
    const flush = async () => {
      await writer.add(page)
      await this.#store.batch(page.map(([key, value]) => rows.putBase(key, value)))
      page = []
    }
    for await (const entry of entries) {
      page.push(entry)
      if (page.length >= BASE_BATCH_ENTRIES) await flush()
    }
    await flush()
  }
}

/** What was received of a context that has no record. */
export async function dropUnfinished(store: Store, id: ContextId): Promise<void> {
  await dropRows(store, 'base', id)
  await dropIncoming(store, id)
}
