// Receives a snapshot into a generation of its own, page by page, each page one batch. The current state is untouched
// until the caller commits the swap; a killed receipt goes on from its last page when the same snapshot is opened again.
import { type Bytes, compareBytes, equalBytes } from '../base/bytes.ts'
import { assert } from '../base/errors.ts'
import { type ContextId, idBase58, type RootHash } from '../base/ids.ts'
import type { Store, StoreOp } from '../store/store.ts'
import { ContextState } from './context-state.ts'
import { StorageError } from './errors.ts'
import { dropIncoming, nextGeneration, receiptOf } from './generations.ts'
import { incomingMetaKey, NO_STATE, putIncomingMeta, putStateMeta } from './state-meta.ts'

export class SnapshotWriter {
  readonly #store: Store
  readonly #contextId: ContextId
  readonly #state: ContextState
  #after: Bytes | undefined
  #open = true

  private constructor(store: Store, contextId: ContextId, state: ContextState, after: Bytes | undefined) {
    this.#store = store
    this.#contextId = contextId
    this.#state = state
    this.#after = after
  }

  /** `token` names the snapshot (its checkpoint id, say): a receipt under the same token is resumed, another dropped. */
  static async open(store: Store, contextId: ContextId, token: Bytes): Promise<SnapshotWriter> {
    const earlier = receiptOf(store, contextId)
    const resumed = earlier !== undefined && equalBytes(earlier.token, token) ? earlier : undefined
    if (resumed === undefined) await dropIncoming(store, contextId)
    const meta = resumed ?? { ...NO_STATE, generation: await nextGeneration(store, contextId), token }
    if (resumed === undefined) await store.batch([putIncomingMeta(contextId, meta)])
    let writer: SnapshotWriter | undefined
    const state = new ContextState(store, contextId, meta, (next) => {
      const after = writer?.after
      return putIncomingMeta(contextId, { ...next, token, ...(after === undefined ? {} : { after }) })
    })
    writer = new SnapshotWriter(store, contextId, state, resumed?.after)
    return writer
  }

  /** The last key received: ask the peer for what follows it. */
  get after(): Bytes | undefined {
    return this.#after
  }

  get root(): RootHash {
    return this.#state.root
  }

  get entryCount(): number {
    return this.#state.entryCount
  }

  get sizeBytes(): number {
    return this.#state.sizeBytes
  }

  /** One page, in key order, after all earlier ones. Throws StorageError SNAPSHOT_INVALID. One call at a time. */
  async add(page: Iterable<readonly [Bytes, Bytes]>): Promise<void> {
    assert(this.#open, 'a finished snapshot is written to')
    let last = this.#after
    const changes = [...page].map(([key, value]) => {
      if (last !== undefined && compareBytes(last, key) >= 0) {
        throw new StorageError(
          'SNAPSHOT_INVALID',
          `a snapshot of context ${idBase58(this.#contextId)} has its keys out of order; ask another peer`,
        )
      }
      last = key
      return { key, value }
    })
    if (changes.length === 0) return
    const transaction = this.#state.begin()
    transaction.apply(changes)
    const before = this.#after
    this.#after = last
    try {
      await this.#store.batch(transaction.ops())
    } catch (error) {
      this.#after = before
      throw error
    }
    transaction.committed()
  }

  /**
   * The swap, for the caller's batch; afterwards call `reload` of the context's state, then `sweepGenerations`.
   * Throws StorageError STATE_ROOT_MISMATCH; then `abort`, and ask another peer.
   */
  finish(expectedRoot: RootHash): StoreOp[] {
    if (this.root !== expectedRoot) {
      throw new StorageError(
        'STATE_ROOT_MISMATCH',
        `the snapshot of context ${idBase58(this.#contextId)} has root ${this.root}, expected ${expectedRoot}; ask another peer`,
        { data: { contextId: this.#contextId, root: this.root, expectedRoot } },
      )
    }
    this.#open = false
    return [putStateMeta(this.#contextId, this.#state.meta), { type: 'del', key: incomingMetaKey(this.#contextId) }]
  }

  /** Gives the receipt up and removes what it wrote. */
  async abort(): Promise<void> {
    this.#open = false
    await dropIncoming(this.#store, this.#contextId)
  }
}
