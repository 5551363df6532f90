// The exceptions a host function throws through the guest's frames to end its call.
import type { GuestErrorKind } from '../guest-executor.ts'

/** Ends the call; the guest cannot go on after it, even if it catches exceptions of its own. */
export class GuestFault extends Error {
  readonly kind: GuestErrorKind

  constructor(kind: GuestErrorKind, message: string) {
    super(message)
    this.name = 'GuestFault'
    this.kind = kind
  }
}

export function checkLimit(what: string, seen: number, allowed: number): void {
  if (seen > allowed) throw new GuestFault('limit', `${what}: ${seen} exceeds the limit of ${allowed}`)
}

export function timeoutFault(timeLimitMs: number): GuestFault {
  return new GuestFault('timeout', `the guest ran longer than ${timeLimitMs} ms`)
}
