// Where the code of applications is, by every operation of a log that says so, whatever became of the operation: what honest
// members wrote while it stood is applied by that code, by who hears of it afterwards, too.
import { compareCanonical } from '../../../base/causal.ts'
import type { ApplicationId, BlobId } from '../../../base/ids.ts'
import type { SignedOp } from '../../../wire/op.ts'

type NamedOp = Pick<SignedOp, 'id' | 'parents' | 'hlc'>

export class NamedApplications {
  readonly #blobs = new Map<ApplicationId, BlobId>()
  readonly #named = new Set<BlobId>()
  #upgrades: readonly NamedOp[] = []

  add({ id, parents, hlc, body }: NamedOp & Pick<SignedOp, 'body'>): void {
    if (body.kind === 'application_set') {
      this.#upgrades = [...this.#upgrades, { id, parents, hlc }].sort((a, b) => compareCanonical(b, a))
    }
    if (body.kind !== 'application_known') return
    this.#blobs.set(body.applicationId, body.blobId)
    this.#named.add(body.blobId)
  }

  /** Every operation by which something was to run another application, the latest first. */
  upgrades(): readonly NamedOp[] {
    return this.#upgrades
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
