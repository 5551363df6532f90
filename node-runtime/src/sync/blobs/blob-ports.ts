// What the exchange of blobs needs of this node. Bound in `node.ts`.
import type { Clock } from '../../base/clock.ts'
import type { BlobId, ContextId } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'
import type { BlobStore } from '../../blobs/blob-store.ts'
import type { Network } from '../../network/network.ts'
import type { Directory } from '../ports.ts'

/** Which contexts of this node refer to which blobs. */
export interface BlobReferences {
  holds(contextId: ContextId, blobId: BlobId): boolean
  add(contextId: ContextId, blobId: BlobId): Promise<void>
  of(blobId: BlobId): Promise<ContextId[]>
}

export interface BlobExchangeParts {
  readonly network: Network
  readonly directory: Pick<Directory, 'namespace' | 'namespaceOf' | 'namespacesNaming' | 'mayRead'>
  readonly references: BlobReferences
  readonly blobs: Pick<
    BlobStore,
    'resolve' | 'reader' | 'receive' | 'verify' | 'onDamaged' | 'partials' | 'dropPartial'
  >
  readonly clock: Clock
  readonly log: Logger
}
