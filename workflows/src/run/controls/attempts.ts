// `retry` and `eventually`: the step once more after a failure, with the variables as they were before it.
import { ClientError } from '../../client/client-error.ts'
import type { PlannedControls } from '../../plan/plan-types.ts'
import { formatDuration } from '../../report/format-duration.ts'
import type { StepClock } from '../../steps/step-clock.ts'
import { StepError, type StepErrorCode } from '../../steps/step-error.ts'
import { shortened } from '../../values/shortened.ts'
import { ValuesError } from '../../values/values-error.ts'
import type { Variables } from '../../values/variables.ts'
import {
  EVENTUALLY_EVERY_SEC,
  EVENTUALLY_FIRST_SEC,
  EVENTUALLY_LAST_MS,
  EVENTUALLY_WITHIN_SEC,
  RETRY_PAUSE_MAX_SEC,
  SEEN_FAILURE_MAX_CHARS,
  SEEN_FAILURES_MAX,
} from '../limits.ts'
import { StepFailedError } from '../run-errors.ts'

export interface Attempts {
  readonly retry: PlannedControls['retry']
  readonly eventually: PlannedControls['eventually']
}

export interface AttemptsParts {
  readonly clock: StepClock
  readonly variables: Variables
  /** It failed over a variable that no other try can set. */
  readonly isHopeless: (error: unknown) => boolean
  /** After a try that failed, and before the next. */
  readonly onFailure: (message: string, pauseMs: number) => void
}

/** What the tries came to, for the failure and the summary of the step. */
export class AttemptHistory {
  count = 0
  /** What to say before the last failure. Empty where there was one try only. */
  lead = ''
  readonly #failures = new Map<string, number>()

  add(error: unknown): void {
    const message = firstLine(error)
    if (this.#failures.has(message) || this.#failures.size < SEEN_FAILURES_MAX) {
      this.#failures.set(message, (this.#failures.get(message) ?? 0) + 1)
    }
  }

  /** The failures that were not the last one. */
  others(last: unknown): string {
    const others = [...this.#failures].filter(([message]) => message !== firstLine(last))
    return others.map(([message, count]) => `\nbefore that, ${timesText(count)}: ${message}`).join('')
  }
}

type Options = { signal: AbortSignal }

interface Pauses {
  /** The next pause, or undefined after the last try. */
  readonly nextMs: () => number | undefined
  /** How long a try that begins now may take; undefined: as long as it takes. */
  readonly tryMs?: () => number
}

/** Rejects with the failure of the last try. `attempt` is told how long it may take. */
export async function runAttempts<T>(
  { retry, eventually }: Attempts,
  parts: AttemptsParts,
  history: AttemptHistory,
  attempt: (tryMs: number | undefined) => Promise<T>,
  options: Options,
): Promise<T> {
  const pauses = retry ? retryPauses(retry) : eventually ? eventuallyPauses(eventually, parts.clock) : undefined
  const started = parts.clock.nowMs()
  for (;;) {
    const restore = pauses === undefined ? undefined : parts.variables.mark()
    history.count += 1
    try {
      return await attempt(pauses?.tryMs?.())
    } catch (error) {
      const isOver = pauses === undefined || options.signal.aborted
      if (isOver || parts.isHopeless(error) || !isWorthAnotherTry(error)) throw error
      history.add(error)
      const pauseMs = pauses.nextMs()
      if (pauseMs === undefined) {
        const took = formatDuration(parts.clock.nowMs() - started)
        history.lead = leadOf(history, took, eventually !== undefined, error)
        throw error
      }
      restore?.()
      parts.onFailure(firstLine(error), pauseMs)
      await parts.clock.sleep(pauseMs, options.signal)
    }
  }
}

function leadOf(history: AttemptHistory, took: string, isEventually: boolean, last: unknown): string {
  const times = timesText(history.count)
  const head = isEventually ? `it did not become true in ${took}, checked ${times}` : `it failed ${times} in ${took}`
  return `${head}${history.others(last)}\nthe last time: `
}

function retryPauses({ attempts, delaySec, backoff }: NonNullable<PlannedControls['retry']>): Pauses {
  let left = attempts - 1
  let nextSec = delaySec
  const nextMs = () => {
    if (left <= 0) return undefined
    left -= 1
    const pauseSec = Math.min(nextSec, RETRY_PAUSE_MAX_SEC)
    nextSec = pauseSec * backoff
    return pauseSec * 1000
  }
  return { nextMs }
}

/** What becomes true during the last pause counts: there is a check at the end of the time. */
function eventuallyPauses(
  { withinSec = EVENTUALLY_WITHIN_SEC, everySec }: NonNullable<PlannedControls['eventually']>,
  clock: StepClock,
): Pauses {
  const endsAt = clock.nowMs() + withinSec * 1000
  let nextSec = everySec ?? EVENTUALLY_FIRST_SEC
  const nextMs = () => {
    const leftMs = endsAt - clock.nowMs()
    if (leftMs <= 0) return undefined
    const pauseMs = Math.min(leftMs, nextSec * 1000)
    if (everySec === undefined) nextSec = Math.min(EVENTUALLY_EVERY_SEC, nextSec * 2)
    return pauseMs
  }
  return { nextMs, tryMs: () => Math.max(EVENTUALLY_LAST_MS, endsAt - clock.nowMs()) }
}

/** Of these nothing else can come, however often they are tried. */
const FINAL: ReadonlySet<StepErrorCode> = new Set(['invalid', 'unsupported'])

/** What is no failure of the step itself (an interruption, a node that ended, a defect of ours) is not tried again. */
function isWorthAnotherTry(error: unknown): boolean {
  if (error instanceof StepFailedError) return isWorthAnotherTry(error.cause)
  if (error instanceof StepError) return !FINAL.has(error.code)
  if (error instanceof ClientError) return error.code !== 'USAGE'
  return error instanceof ValuesError && (error.code === 'capture_missing' || error.unset !== undefined)
}

function firstLine(error: unknown): string {
  const [head = '', ...rest] = (error instanceof Error ? error.message : String(error)).split('\n')
  // A heading that ends in a colon says nothing by itself.
  const line = head.endsWith(':') ? [head, ...rest.map((each) => each.trim())].join(' ') : head
  return shortened(line, SEEN_FAILURE_MAX_CHARS)
}

function timesText(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}
