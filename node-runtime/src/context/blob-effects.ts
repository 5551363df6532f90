// What a call does to blobs, in step with its batch: placed before it, referred to in it, announced after it. A blob of a
// call that is not committed leaves no trace (I6): it is removed, or, after a crash in between, collected.
import type { BlobId, ContextId } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { GuestOutcome } from '../runtime/guest-executor.ts'
import type { StoreOp } from '../store/store.ts'
import type { BlobOutbound } from './blob-ports.ts'
import type { BlobReferences } from './blob-references.ts'

export interface BlobParts {
  readonly blobs: Pick<BlobStore, 'resolve' | 'keepStaged' | 'discardStaged' | 'delete'>
  readonly references: BlobReferences
  readonly blobOutbound: Pick<BlobOutbound, 'announce'>
}

export class BlobEffects {
  readonly #contextId: ContextId
  readonly #parts: BlobParts & { readonly log: Logger }
  readonly #outcome: GuestOutcome['blobs']
  /** Blobs that this call brought here. */
  readonly #placed: BlobId[] = []
  #isCommitted = false

  constructor(contextId: ContextId, parts: BlobParts & { readonly log: Logger }, outcome: GuestOutcome) {
    this.#contextId = contextId
    this.#parts = parts
    this.#outcome = outcome.blobs
  }

  /** Right before the call's batch. Returns what belongs into it. Throws BlobError when the disk fails. */
  async place(): Promise<StoreOp[]> {
    if (!this.#outcome) return []
    const { blobs, references } = this.#parts
    for (const staged of this.#outcome.created) {
      const { id } = staged.manifest
      if (blobs.resolve(id) === undefined) this.#placed.push(id)
      await blobs.keepStaged(staged)
    }
    return [...this.#ids()].flatMap((id) => references.put(this.#contextId, id))
  }

  committed(): void {
    this.#isCommitted = true
    for (const id of this.#announced()) this.#parts.blobOutbound.announce(this.#contextId, id)
  }

  /** Whatever became of the call. */
  async end(): Promise<void> {
    if (!this.#outcome || this.#isCommitted) return
    const { blobs, references, log } = this.#parts
    try {
      for (const staged of this.#outcome.created) await blobs.discardStaged(staged)
      for (const id of this.#placed) if ((await references.of(id)).length === 0) await blobs.delete(id)
    } catch (error) {
      log.warn({ error: String(error) }, 'blobs of a call that failed are left for the next start and collection')
    }
  }

  /** A guest speaks for its own context only. */
  #announced(): BlobId[] {
    const all = this.#outcome?.announced ?? []
    const foreign = all.find(({ contextId }) => contextId !== this.#contextId)
    if (foreign)
      this.#parts.log.warn({ blobId: foreign.blobId }, 'Skipping announce: a guest announces to its own context')
    return all.filter(({ contextId }) => contextId === this.#contextId).map(({ blobId }) => blobId)
  }

  #ids(): Set<BlobId> {
    return new Set([...(this.#outcome?.created ?? []).map(({ manifest }) => manifest.id), ...this.#announced()])
  }
}
