// Where the code of applications is, by every operation of a log that says so, whatever became of the operation: what honest
// members wrote while it stood is applied by that code, by who hears of it afterwards, too.
import type { ApplicationId, BlobId } from '../../../base/ids.ts'
import type { SignedOp } from '../../../wire/op.ts'

export class NamedApplications {
  readonly #blobs = new Map<ApplicationId, BlobId>()
  readonly #named = new Set<BlobId>()

  add({ body }: Pick<SignedOp, 'body'>): void {
    if (body.kind !== 'application_known') return
    this.#blobs.set(body.applicationId, body.blobId)
    this.#named.add(body.blobId)
  }

  blobOf(applicationId: ApplicationId): BlobId | undefined {
    return this.#blobs.get(applicationId)
  }

  has(blobId: BlobId): boolean {
    return this.#named.has(blobId)
  }

  blobs(): ReadonlySet<BlobId> {
    return this.#named
  }
}
