// Runs a kind once and does with its result what the step says: failures it expects, captures, exports.
import { ClientError } from '../../client/client-error.ts'
import { FORBIDDEN } from '../../client/error-message.ts'
import { StepError } from '../../steps/step-error.ts'
import type { StepKind, StepResult, StepRunOptions } from '../../steps/step-kind.ts'
import { shortened } from '../../values/shortened.ts'
import { shownText } from '../../values/shown-value.ts'
import { SHOWN_REPLY_MAX_CHARS } from '../limits.ts'
import type { StepScope } from './step-scope.ts'

/** Rejects as the kind does, or because its failure is not the one that was expected. */
export async function executeStep(kind: StepKind, scope: StepScope, options: StepRunOptions): Promise<StepResult> {
  const expectsFailure = scope.step.expectedFailure && kind.honoursExpectedFailure && kind.settlesItself !== true
  let result: StepResult
  if (scope.step.flaw !== undefined) throw new StepError('invalid', scope.step.flaw)
  try {
    result = await kind.run(scope.step.input, scope, options)
  } catch (error) {
    if (options.signal.aborted || !expectsFailure || !isOperationFailure(error)) throw error
    await scope.brokeOff(error, options)
    return judgeFailure(error, scope.expectedError)
  }
  if (expectsFailure) throw unexpectedSuccess(result, kind.isSecret === true)
  if (result.rawKey !== undefined && result.payload !== undefined) {
    scope.variables.setRawResult(result.rawKey, result.payload)
  }
  if (result.exports) scope.export(result.exports)
  if (result.payload !== undefined && kind.settlesItself !== true) {
    const node = result.node === undefined ? {} : { node: result.node }
    scope.capture(result.payload, { ...node, ...(kind.outputsAreExtra === true && { loose: true }) })
  }
  return result
}

function isOperationFailure(error: unknown): error is StepError | ClientError {
  if (error instanceof StepError) return error.code === 'failed'
  return error instanceof ClientError && error.code !== 'USAGE'
}

function unexpectedSuccess({ node, payload, summary }: StepResult, isSecret: boolean): StepError {
  const reply = payload === undefined || isSecret ? undefined : shortened(shownText(payload), SHOWN_REPLY_MAX_CHARS)
  const seen = reply === undefined ? ` ${summary ?? 'nothing was refused'}` : `\n  the reply: ${reply}`
  const help =
    'leave out expected_failure if this is right; else a step before it does not have the effect it should have'
  const details = { node, field: 'expected_failure', help }
  return new StepError('not_as_expected', `the step was expected to fail, and succeeded:${seen}`, details)
}

/** Files written for merobox expect its sentence of every 403. */
function isForbidden(error: unknown): boolean {
  if (error instanceof ClientError) return error.status === 403
  return error instanceof Error && isForbidden(error.cause)
}

function judgeFailure(error: Error, expected: string | undefined): StepResult {
  const inReference = isForbidden(error) ? `Client error: ${FORBIDDEN}` : ''
  if (expected === undefined || error.message.includes(expected) || inReference.includes(expected)) {
    return { summary: `failed as expected: ${error.message}` }
  }
  const message = `the step failed, but not as expected: ${JSON.stringify(expected)} is not in: ${error.message}`
  throw new StepError('not_as_expected', message, { cause: error })
}
