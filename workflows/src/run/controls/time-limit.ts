// `timeout` of a step, and the end of `eventually`: its work is aborted by its signal, as it is when the run is interrupted.
import { formatDuration } from '../../report/format-duration.ts'
import { StepError } from '../../steps/step-error.ts'
import type { StepScope } from '../steps/step-scope.ts'

/** Reason of the abort. A step inside that is cancelled by it leaves its name: that is where the time went. */
export class TimeLimitError extends Error {
  /** The innermost step. */
  at: string | undefined

  constructor(message: string) {
    super(message)
    this.name = 'TimeLimitError'
  }
}

type Options = { signal: AbortSignal }
type Limited = Pick<StepScope, 'clock' | 'lastProgress' | 'nodeName'>

interface Limit {
  readonly ms: number
  readonly reason: string
  /** What the work took longer than. */
  readonly than: string
  /** The key of the step. */
  readonly field: string
  /** What ends too late has failed, also where it ends well. */
  readonly isStrict: boolean
}

/** Rejects with StepError `timeout`; with the reason of the signal where that came first. */
export async function withTimeLimit<T>(
  seconds: number | undefined,
  scope: Limited,
  options: Options,
  work: (options: Options) => Promise<T>,
): Promise<T> {
  if (seconds === undefined) return work(options)
  const than = `the ${seconds} s it was given`
  const reason = `the ${seconds} s of the step are over`
  return limited({ ms: seconds * 1000, than, reason, field: 'timeout', isStrict: true }, scope, options, work)
}

/** The same for one try of `eventually`, in what is left of its time. */
export async function withTryLimit<T>(
  ms: number | undefined,
  scope: Limited,
  options: Options,
  work: (options: Options) => Promise<T>,
): Promise<T> {
  if (ms === undefined) return work(options)
  const than = `the ${formatDuration(ms)} that were left of its time`
  const reason = 'the time of "eventually" is over'
  return limited({ ms, than, reason, field: 'eventually', isStrict: false }, scope, options, work)
}

async function limited<T>(
  limit: Limit,
  scope: Limited,
  options: Options,
  work: (options: Options) => Promise<T>,
): Promise<T> {
  const { clock } = scope
  const late = new AbortController()
  const reason = new TimeLimitError(limit.reason)
  const endsAtMs = clock.nowMs() + limit.ms
  const cancel = clock.timer(limit.ms, () => late.abort(reason))
  try {
    const result = await work({ signal: AbortSignal.any([options.signal, late.signal]) })
    if (!limit.isStrict) return result
    // The timer has no turn in what computes all the time.
    if (clock.nowMs() > endsAtMs) late.abort(reason)
    late.signal.throwIfAborted()
    return result
  } catch (error) {
    if (!late.signal.aborted || options.signal.aborted) throw error
    const { lastProgress } = scope
    const where = reason.at === undefined ? '' : `; it was in "${reason.at}"`
    const doing = lastProgress === undefined ? '' : `; the last of it: ${lastProgress}`
    throw new StepError('timeout', `the step took longer than ${limit.than}${where}${doing}`, {
      field: limit.field,
      node: scope.nodeName,
    })
  } finally {
    cancel()
  }
}
