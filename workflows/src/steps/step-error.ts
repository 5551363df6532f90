// Why a step failed. Only `failed` is a failure of the operation itself, which `expected_failure` may ask for; all others
// say that the step was written wrongly, could not be judged, or was not done.
import type { FailedComparison, NodeFacts } from '../run/events.ts'
import type { JudgedStatement } from './step-kind.ts'

export type StepErrorCode =
  | 'failed' // the operation was tried and refused
  | 'not_as_expected' // expected_failure: it succeeded, or failed for another reason
  | 'assertion' // a statement does not hold
  | 'timeout' // waited for something that did not come
  | 'invalid' // a field has a value that cannot be used, seen only once it was resolved
  | 'state_missing' // the application's state never came; not even an expected failure
  | 'history' // acknowledged writes are gone, or nodes differ that must not
  | 'not_running' // the node does not run, so nothing was asked of it
  | 'unsupported' // this way of running nodes cannot do it

export interface StepErrorDetails {
  /** The node the operation was addressed to: its log is shown. */
  readonly node?: string | undefined
  readonly perNode?: readonly NodeFacts[]
  /** What an assertion compared and found different: shown side by side. */
  readonly comparisons?: readonly FailedComparison[] | undefined
  /** All statements that were judged, for a step around this one that counts them. */
  readonly judged?: readonly JudgedStatement[] | undefined
  /** Errors of the steps inside, where several failed beside each other. */
  readonly failures?: readonly unknown[] | undefined
  /** Variables that it read and that are not set: while they are not, it fails again. */
  readonly unset?: readonly string[] | undefined
  /** The field of the step to look at: its line is marked. */
  readonly field?: string | undefined
  /** What to do, where the message does not say it. */
  readonly help?: string | undefined
  readonly cause?: unknown
}

export class StepError extends Error {
  readonly code: StepErrorCode
  readonly node: string | undefined
  readonly perNode: readonly NodeFacts[] | undefined
  readonly comparisons: readonly FailedComparison[] | undefined
  readonly judged: readonly JudgedStatement[] | undefined
  readonly failures: readonly unknown[]
  readonly unset: readonly string[]
  readonly field: string | undefined
  readonly help: string | undefined

  constructor(code: StepErrorCode, message: string, details: StepErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause })
    this.name = 'StepError'
    this.code = code
    this.node = details.node
    this.perNode = details.perNode
    this.comparisons = details.comparisons
    this.judged = details.judged
    this.failures = details.failures ?? []
    this.unset = details.unset ?? []
    this.field = details.field
    this.help = details.help
  }
}
