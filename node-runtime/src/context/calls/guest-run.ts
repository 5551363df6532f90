// One run of the guest for a group of calls, each on what those before it have left. What has ended can be had while the
// others still run, so that who is quick does not wait for who is slow.
import type { GuestExecutor, GuestJob, GuestModule, GuestOutcome, StateSource } from '../../runtime/guest-executor.ts'
import { CALL_FLUSH_MS, CALL_GROUP_MS } from '../limits.ts'
import type { PendingCall } from './call.ts'

export interface Ran {
  readonly call: PendingCall
  readonly outcome: GuestOutcome
}

export interface GuestRunParts {
  readonly executor: Pick<GuestExecutor, 'run'>
  readonly setTimer: (fn: () => void, delayMs: number) => () => void
  readonly module: GuestModule
  readonly source: StateSource
  readonly jobs: readonly GuestJob[]
}

export class GuestRun {
  readonly #calls: readonly PendingCall[]
  readonly #parts: GuestRunParts
  readonly #stop = new AbortController()
  readonly #outcomes: GuestOutcome[] = []
  /** Of the outcomes, those that `next` has given. */
  #given = 0
  #isOver = false
  #failure: { readonly error: unknown } | undefined
  /** Something has ended, and somebody waits for it. */
  #wake: () => void = () => {}
  readonly #over: Promise<void>

  /** `jobs` are those of `calls`. */
  constructor(calls: readonly PendingCall[], parts: GuestRunParts) {
    this.#calls = calls
    this.#parts = parts
    this.#over = this.#run()
  }

  /** What has ended since the last time; waits for some, and a moment for more. Empty: nothing more comes. */
  async next(): Promise<readonly Ran[]> {
    while (!this.#isOver && this.#given === this.#outcomes.length) await this.#woken()
    if (!this.#isOver) await this.#overOrLate()
    const from = this.#given
    this.#given = this.#outcomes.length
    return this.#calls.slice(from, this.#given).flatMap((call, index) => {
      const outcome = this.#outcomes[from + index]
      return outcome ? [{ call, outcome }] : []
    })
  }

  /** The call that the run failed in, when nothing more comes: without a call, none of them is to blame. */
  get failure(): { readonly call: PendingCall | undefined; readonly error: unknown } | undefined {
    return this.#failure && { call: this.#calls[this.#outcomes.length], ...this.#failure }
  }

  /** Lets go of what has not been given: what it did has no effect. Resolves when nothing runs any more. */
  async rest(): Promise<readonly Ran[]> {
    await this.#over
    return this.next()
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #overOrLate(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.setTimer(resolve, CALL_FLUSH_MS)
      this.#over.then(() => {
        cancel()
        resolve()
      })
    })
  }

  /** Nobody waits for the answer of the one that runs: it ends, with the thread that it is in. */
  #endIfAbandoned(): void {
    const signal = this.#calls[this.#outcomes.length]?.request.signal
    if (signal?.aborted) this.#stop.abort(signal.reason)
  }

  /** Never throws: a failure of the run is that of the call it met. */
  async #run(): Promise<void> {
    const { executor, module, source, jobs } = this.#parts
    const signals = this.#calls.flatMap(({ request }) => request.signal ?? [])
    const onAbort = () => this.#endIfAbandoned()
    for (const signal of signals) signal.addEventListener('abort', onAbort)
    const onOutcome = (outcome: GuestOutcome) => {
      this.#outcomes.push(outcome)
      this.#endIfAbandoned()
      this.#wake()
    }
    try {
      const options = { signal: this.#stop.signal, onOutcome, budgetMs: CALL_GROUP_MS }
      const outcomes = await executor.run(module, source, jobs, options)
      this.#outcomes.splice(this.#given, this.#outcomes.length, ...outcomes.slice(this.#given))
    } catch (error) {
      this.#failure = { error }
    }
    for (const signal of signals) signal.removeEventListener('abort', onAbort)
    this.#isOver = true
    this.#wake()
  }
}
