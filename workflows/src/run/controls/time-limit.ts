// `timeout` of a step: its work is aborted by its signal, as it is when the run is interrupted.
import { StepError } from '../../steps/step-error.ts'
import type { StepScope } from '../step-scope.ts'

/** Reason of the abort. A step inside that is cancelled by it leaves its name: that is where the time went. */
export class TimeLimitError extends Error {
  /** The innermost step. */
  at: string | undefined

  constructor(seconds: number) {
    super(`the ${seconds} s of the step are over`)
    this.name = 'TimeLimitError'
  }
}

type Options = { signal: AbortSignal }

/** Rejects with StepError `timeout`; with the reason of the signal where that came first. */
export async function withTimeLimit<T>(
  seconds: number | undefined,
  scope: StepScope,
  options: Options,
  work: (options: Options) => Promise<T>,
): Promise<T> {
  if (seconds === undefined) return work(options)
  const late = new AbortController()
  const reason = new TimeLimitError(seconds)
  const cancel = scope.clock.timer(seconds * 1000, () => late.abort(reason))
  try {
    return await work({ signal: AbortSignal.any([options.signal, late.signal]) })
  } catch (error) {
    if (!late.signal.aborted || options.signal.aborted) throw error
    const { lastProgress } = scope
    const where = reason.at === undefined ? '' : `; it was in "${reason.at}"`
    const doing = lastProgress === undefined ? '' : `; the last of it: ${lastProgress}`
    throw new StepError('timeout', `the step took longer than the ${seconds} s it was given${where}${doing}`, {
      field: 'timeout',
      node: scope.nodeName,
    })
  } finally {
    cancel()
  }
}
