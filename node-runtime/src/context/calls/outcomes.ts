// What the outcome of a guest means for a call.
import type { GuestOutcome } from '../../runtime/guest-executor.ts'
import type { DeltaPayload } from '../../wire/delta.ts'
import { ContextError } from '../errors.ts'
import type { PendingCall } from './call.ts'

export function takesPart({ proposals, approvals }: GuestOutcome): boolean {
  return proposals.length + approvals.length > 0
}

/** Whether anything is to be stored for it. */
export function isWriting({ call, outcome }: { readonly call: PendingCall; readonly outcome: GuestOutcome }): boolean {
  if (outcome.status !== 'ok') return false
  const rows = outcome.privateChanges.length + outcome.xcalls.length + call.meta.settle.length
  return hasArtifact(outcome) || takesPart(outcome) || rows > 0
}

/** Whether later calls of its run have seen something of it. */
export function leavesTrace(outcome: GuestOutcome): boolean {
  const { changes, privateChanges, blobs } = outcome
  return hasArtifact(outcome) || takesPart(outcome) || changes.length + privateChanges.length > 0 || blobs !== undefined
}

/** Undefined: the call has no delta. */
export function payloadOf({ artifact, events }: GuestOutcome, depth: number): DeltaPayload | undefined {
  return artifact && artifact.bytes.byteLength > 0 ? { artifact, events, depth } : undefined
}

/**
 * The HLC of its delta: a removal goes once all deltas that may still come are later (ADR 0029), and none may have a stamp from before.
 * Undefined where the state is a fold in their order: there an older one costs all that came while it ran.
 */
export function stampsBegan({ artifact, beganNs }: GuestOutcome): bigint | undefined {
  return artifact?.kind === 'host' ? beganNs : undefined
}

export function refusedHandler(method: string, { logs }: GuestOutcome): ContextError {
  const message = `${method} was run by an event: handlers of events may not propose or approve`
  return new ContextError('GUEST_FAILED', message, { data: { method, kind: 'host_error', logs } })
}

export function guestFailure(method: string, outcome: GuestOutcome): ContextError {
  const message = outcome.error?.message ?? 'the guest failed without a message'
  return new ContextError('GUEST_FAILED', message, {
    data: { method, kind: outcome.error?.kind ?? 'trap', logs: outcome.logs },
  })
}

export function hasArtifact({ artifact }: GuestOutcome): boolean {
  return artifact !== undefined && artifact.bytes.byteLength > 0
}
