// What a run came to. Pure.
import type { FailureInfo, RunOutcome } from './events.ts'
import type { Described } from './failure.ts'

export interface Ended {
  /** Of a run that nobody had interrupted by then. */
  readonly failure: Described | undefined
  /** While it was ended. */
  readonly trouble?: Described | undefined
}

/** An interruption after a failure ends the nodes sooner, and changes nothing of why the run has failed. */
export function outcomeOf(
  { failure, trouble }: Ended,
  signal: AbortSignal,
): { outcome: RunOutcome; exitCode: number; failure?: FailureInfo } {
  const isInterrupted = failure === undefined && signal.aborted
  if (isInterrupted) return { outcome: 'interrupted', exitCode: exitCodeOfReason(signal.reason) }
  const cause = failure ?? trouble
  return cause ? { outcome: 'failed', ...cause } : { outcome: 'passed', exitCode: 0 }
}

/** SIGINT unless the reason says otherwise. */
function exitCodeOfReason(reason: unknown): number {
  const code = typeof reason === 'object' && reason !== null && 'exitCode' in reason ? reason.exitCode : undefined
  return typeof code === 'number' ? code : 130
}
