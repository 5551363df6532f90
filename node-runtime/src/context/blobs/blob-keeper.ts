// Keeps the blobs that something refers to, and removes the others after their grace time. Roots: installed
// applications, applications that the log of a namespace has named, and blobs that a context of this node refers to.
import type { Clock } from '../../base/clock.ts'
import type { BlobId, ContextId } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'
import type { BlobStore } from '../../blobs/blob-store.ts'
import type { Contexts } from '../contexts.ts'
import type { Applications } from '../namespaces/code/applications.ts'
import type { Namespaces } from '../namespaces/namespaces.ts'
import { BLOB_SWEEP_MS } from './blob-limits.ts'
import type { BlobReferences } from './blob-references.ts'

export interface BlobKeeperParts {
  readonly blobs: Pick<BlobStore, 'collect'>
  readonly references: BlobReferences
  readonly applications: Pick<Applications, 'list'>
  readonly namespaces: Pick<Namespaces, 'list'>
  readonly contexts: Pick<Contexts, 'has'>
  readonly clock: Clock
  readonly log: Logger
}

export class BlobKeeper {
  readonly #parts: BlobKeeperParts
  #cancel: (() => void) | undefined
  #sweeping: Promise<void> = Promise.resolve()

  constructor(parts: BlobKeeperParts) {
    this.#parts = parts
  }

  start(): void {
    this.#cancel = this.#parts.clock.setTimer(() => {
      this.#sweeping = this.sweep()
        .catch((error) => this.#parts.log.warn({ error: String(error) }, 'blobs not collected; it is tried again'))
        .then(() => {
          if (this.#cancel) this.start()
        })
    }, BLOB_SWEEP_MS)
  }

  /** One collection. */
  async sweep(): Promise<void> {
    const { blobs, references, applications, namespaces, contexts, log } = this.#parts
    const code = new Set<BlobId | undefined>((await applications.list()).map(({ blobId }) => blobId))
    for (const namespace of namespaces.list()) {
      for (const blobId of namespace.namedBlobs()) code.add(blobId)
    }
    // What comes behind these refers to a blob that is to come again.
    const idle = new Map<BlobId, readonly ContextId[]>()
    const isRoot = async (id: BlobId, hash: BlobId | undefined) => {
      if (code.has(id) || (hash !== undefined && code.has(hash))) return true
      const contextIds = await references.of(id)
      if (contextIds.some((contextId) => contexts.has(contextId))) return true
      idle.set(id, contextIds)
      return false
    }
    for (const { id, size } of await blobs.collect(isRoot)) {
      await references.drop(id, idle.get(id) ?? [])
      log.info({ blobId: id, size }, 'a blob that nothing refers to was removed')
    }
  }

  async close(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    await this.#sweeping
  }
}
