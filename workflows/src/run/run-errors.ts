// Ends of a run or step that no step kind causes.
import type { ExitCause } from '../driver/driver.ts'
import { describeExit } from '../driver/process/exit-cause.ts'
import type { FailureInfo, SourcePlace } from './events.ts'
import { nodeEndHelp } from './nodes/node-end-help.ts'

/** Reason of an abort that makes the current step a failed one, not a cancelled one. */
export class StepAbortError extends Error {
  readonly code: string
  readonly exitCode: number
  readonly node: string | undefined
  readonly help: string | undefined

  constructor(code: string, message: string, details: { exitCode: number; node?: string; help?: string }) {
    super(message)
    this.name = 'StepAbortError'
    this.code = code
    this.exitCode = details.exitCode
    this.node = details.node
    this.help = details.help
  }
}

export function nodeExited(node: string, cause: ExitCause): StepAbortError {
  const message = `node ${node} ended unexpectedly: ${describeExit(cause)}`
  return new StepAbortError('node_exited', message, { exitCode: 1, node, help: nodeEndHelp(cause) })
}

export function runTimedOut(timeoutMs: number): StepAbortError {
  const message = `the run took longer than the ${Math.round(timeoutMs / 1000)} s it was given (--timeout)`
  return new StepAbortError('run_timeout', message, {
    exitCode: 4,
    help: 'give it more time, or look at the step it was in',
  })
}

/** A step failed; `failure` has everything a report needs. */
export class StepFailedError extends Error {
  readonly failure: FailureInfo
  readonly exitCode: number
  /** Placeholders that nothing was known for and that the step passed on as text. */
  readonly unset: readonly string[]

  constructor(failure: FailureInfo, exitCode: number, cause: unknown, unset: readonly string[] = []) {
    super(failure.message, { cause })
    this.name = 'StepFailedError'
    this.unset = unset
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
