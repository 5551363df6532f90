// What a call does to blobs, in step with its batch: placed before it, referred to in it, announced after it. Of a call
// that is not committed nothing refers to a blob (I6). What it staged is removed; what it placed already is left to the
// collection, since the same bytes may be those of an upload or of another context's call that is not committed yet.
import type { BlobId, ContextId } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'
import type { BlobStore } from '../../blobs/blob-store.ts'
import type { GuestOutcome } from '../../runtime/guest-executor.ts'
import type { StoreOp } from '../../store/store.ts'
import type { BlobOutbound } from './blob-ports.ts'
import type { BlobReferences } from './blob-references.ts'

export interface BlobParts {
  readonly blobs: Pick<BlobStore, 'keepStaged' | 'discardStaged' | 'verify'>
  readonly references: BlobReferences
  readonly blobOutbound: Pick<BlobOutbound, 'announce'>
}

export class BlobEffects {
  readonly #contextId: ContextId
  readonly #parts: BlobParts & { readonly log: Logger }
  readonly #outcome: GuestOutcome['blobs']
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
    for (const staged of this.#outcome.created) await blobs.keepStaged(staged)
    return [...this.#ids()].flatMap((id) => references.put(this.#contextId, id))
  }

  committed(): void {
    this.#isCommitted = true
    for (const id of this.#announced()) this.#parts.blobOutbound.announce(this.#contextId, id)
  }

  /** Whatever became of the call. */
  async end(): Promise<void> {
    if (!this.#outcome || this.#isCommitted) return
    const { blobs, log } = this.#parts
    try {
      for (const staged of this.#outcome.created) await blobs.discardStaged(staged)
    } catch (error) {
      log.warn({ error: String(error) }, 'what a failed call staged is left for the next start')
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
