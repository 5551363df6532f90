// Ends of a run or step that no step kind causes.
import type { FailureInfo, SourcePlace } from './events.ts'

/** Reason of an abort that makes the current step a failed one, not a cancelled one. */
export class StepAbortError extends Error {
  readonly code: string
  readonly exitCode: number
  readonly node: string | undefined

  constructor(code: string, message: string, details: { exitCode: number; node?: string }) {
    super(message)
    this.name = 'StepAbortError'
    this.code = code
    this.exitCode = details.exitCode
    this.node = details.node
  }
}

export function nodeExited(node: string, cause: string): StepAbortError {
  return new StepAbortError('node_exited', `node ${node} ended unexpectedly: ${cause}`, { exitCode: 1, node })
}

export function runTimedOut(timeoutMs: number): StepAbortError {
  const message = `the run took longer than the ${Math.round(timeoutMs / 1000)} s it was given (--timeout)`
  return new StepAbortError('run_timeout', message, { exitCode: 4 })
}

/** A step failed; `failure` has everything a report needs. */
export class StepFailedError extends Error {
  readonly failure: FailureInfo
  readonly exitCode: number

  constructor(failure: FailureInfo, exitCode: number, cause: unknown) {
    super(failure.message, { cause })
    this.name = 'StepFailedError'
    this.failure = failure
    this.exitCode = exitCode
  }
}

/** What a workflow asks for and this program cannot do; found before anything is started. */
export class RunRefusedError extends Error {
  readonly code = 'unsupported'
  readonly exitCode = 3
  /** Where the file asks for it. */
  readonly place: SourcePlace | undefined

  constructor(message: string, place?: SourcePlace) {
    super(message)
    this.name = 'RunRefusedError'
    this.place = place
  }
}
