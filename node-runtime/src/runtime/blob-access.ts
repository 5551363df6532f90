// What one run of guests may do with the blobs of this node, from the store as it was when the run began.
import { type BlobId, idBytes } from '../base/ids.ts'
import type { GuestDisk } from '../blobs/blob-disk.ts'
import { keyOf } from '../store/keys.ts'
import type { StoreReader } from '../store/store.ts'
import type { BlobAccess } from './call/call-blobs.ts'
import type { StateSource } from './guest-executor.ts'

/** Rows as `context/` writes them: one for each context that refers to a blob, and one that says that some context does. */
export function blobAccess(disk: GuestDisk, run: string, reader: StoreReader, { contextId }: StateSource): BlobAccess {
  const has = (...parts: Parameters<typeof keyOf>) => reader.get(keyOf(...parts)) !== undefined
  let index = 0
  return {
    disk,
    run,
    isOfContext: (id: BlobId) => has('blob', idBytes(id), idBytes(contextId)),
    isClaimed: (id: BlobId) => has('blob', idBytes(id)),
    nextIndex: () => {
      index += 1
      return index
    },
  }
}
