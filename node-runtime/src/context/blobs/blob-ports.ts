// What contexts need of the exchange of blobs with other nodes, which `sync/` is and `node.ts` binds.
import type { BlobId, ContextId, NamespaceId } from '../../base/ids.ts'

export interface BlobOutbound {
  /** Brings an application of the namespace here from a member. Throws when none has it. Goes on when the caller gives up. */
  fetchOfNamespace(id: NamespaceId, blobId: BlobId, options: { signal?: AbortSignal }): Promise<void>
  /** Says to others that a blob of the context is here. Returns at once. */
  announce(contextId: ContextId, blobId: BlobId): void
}
