// The exceptions a host function throws through the guest's frames to end its call.
import type { BlobId } from '../../base/ids.ts'
import type { GuestErrorKind, GuestJob } from '../guest-executor.ts'

/** Ends the call; the guest cannot go on after it, even if it catches exceptions of its own. */
export class GuestFault extends Error {
  readonly kind: GuestErrorKind
  /** A blob that is damaged on this node's disk. */
  readonly damaged: BlobId | undefined

  constructor(kind: GuestErrorKind, message: string, damaged?: BlobId) {
    super(message)
    this.name = 'GuestFault'
    this.kind = kind
    this.damaged = damaged
  }
}

export function checkLimit(what: string, seen: number, allowed: number): void {
  if (seen > allowed) throw new GuestFault('limit', `${what}: ${seen} exceeds the limit of ${allowed}`)
}

export function timeoutFault(job: GuestJob, timeLimitMs: number): GuestFault {
  const what = job.kind === 'call' ? `method "${job.method}": the call` : 'applying a delta: the guest'
  return new GuestFault('timeout', `${what} ran longer than ${timeLimitMs / 1_000} s and was ended`)
}
