// Which contexts of this node refer to which blobs: what their guests wrote or announced, what came in for them. Decides
// whom a blob is served to, what guests may open, and what is kept.
import { type Bytes, EMPTY } from '../../base/bytes.ts'
import { type BlobId, type ContextId, ID_LENGTH, idBytes, idFromBytes } from '../../base/ids.ts'
import type { BlobStore } from '../../blobs/blob-store.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf, type Store, type StoreOp } from '../../store/store.ts'

export interface BlobReference {
  readonly blobId: BlobId
  readonly contextId: ContextId
}

export class BlobReferences {
  readonly #store: Store
  readonly #blobs: Pick<BlobStore, 'renew'>

  constructor(store: Store, blobs: Pick<BlobStore, 'renew'>) {
    this.#store = store
    this.#blobs = blobs
  }

  holds(contextId: ContextId, blobId: BlobId): boolean {
    return this.#store.get(rowKey(contextId, blobId)) !== undefined
  }

  async add(contextId: ContextId, blobId: BlobId): Promise<void> {
    const ops = this.put(contextId, blobId)
    if (!this.holds(contextId, blobId)) await this.#store.batch(ops)
  }

  /** For the caller's batch. Until that is written the blob is not collected, if it is here. */
  put(contextId: ContextId, blobId: BlobId): StoreOp[] {
    this.#blobs.renew(blobId)
    return [
      { type: 'put', key: rowKey(contextId, blobId), value: EMPTY },
      // A guest's thread can ask for one key, not for a range: this one says that some context refers to the blob.
      { type: 'put', key: keyOf('blob', idBytes(blobId)), value: EMPTY },
    ]
  }

  async of(blobId: BlobId): Promise<ContextId[]> {
    return (await this.#read(keyOf('blob', idBytes(blobId)))).map(({ contextId }) => contextId)
  }

  all(): Promise<BlobReference[]> {
    return this.#read(keyOf('blob'))
  }

  /** When the blob is gone, or the contexts are. */
  async drop(blobId: BlobId, contextIds?: readonly ContextId[]): Promise<void> {
    const held = await this.of(blobId)
    const gone = contextIds ?? held
    const ops: StoreOp[] = gone.map((contextId) => ({ type: 'del', key: rowKey(contextId, blobId) }))
    if (held.every((id) => gone.includes(id))) ops.push({ type: 'del', key: keyOf('blob', idBytes(blobId)) })
    await this.#store.batch(ops)
  }

  async #read(prefix: Bytes): Promise<BlobReference[]> {
    const found: BlobReference[] = []
    const start = keyOf('blob').byteLength
    for await (const [key] of this.#store.entries(rangeOf(prefix))) {
      const ids = key.subarray(start)
      if (ids.byteLength !== 2 * ID_LENGTH) continue
      found.push({
        blobId: idFromBytes<BlobId>(ids.subarray(0, ID_LENGTH)),
        contextId: idFromBytes<ContextId>(ids.subarray(ID_LENGTH)),
      })
    }
    return found
  }
}

function rowKey(contextId: ContextId, blobId: BlobId): Bytes {
  return keyOf('blob', idBytes(blobId), idBytes(contextId))
}
