// Time that stands still until everything that runs has come to rest, then jumps to the next timer. With a seeded random
// source and the simulated network, a whole run of several nodes repeats exactly.
import type { Clock } from '../base/clock.ts'

const START_MS = 1_800_000_000_000

interface Timer {
  readonly dueMs: number
  readonly seq: number
  readonly fn: () => void
}

export class DrivenClock implements Clock {
  readonly #timers = new Set<Timer>()
  #nowMs = START_MS
  #seq = 0
  #busy = 0

  nowMs(): number {
    return this.#nowMs
  }

  setTimer(fn: () => void, delayMs: number): () => void {
    this.#seq += 1
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), seq: this.#seq, fn }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Time stands still while `work`, which the event loop cannot show, is under way. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#busy += 1
    try {
      return await work()
    } finally {
      this.#busy -= 1
    }
  }

  /** Resolves when nothing can happen any more without a timer. */
  async rest(): Promise<void> {
    do await new Promise((resolve) => setImmediate(resolve))
    while (this.#busy > 0 || readsFiles())
  }

  /** Jumps to the next timer and fires it. False when there is none. */
  step(): boolean {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (!next || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.seq < next.seq)) next = timer
    }
    if (!next) return false
    this.#timers.delete(next)
    this.#nowMs = Math.max(this.#nowMs, next.dueMs)
    next.fn()
    return true
  }
}

function readsFiles(): boolean {
  return process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq') || name === 'CloseReq')
}

/** The timers of one process: `kill` ends them all, as the end of the process does. */
export class ProcessClock implements Clock {
  readonly #clock: Clock
  readonly #cancels = new Set<() => void>()
  #killed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  nowMs(): number {
    return this.#clock.nowMs()
  }

  setTimer(fn: () => void, delayMs: number): () => void {
    if (this.#killed) return () => {}
    const cancelInner = this.#clock.setTimer(() => {
      this.#cancels.delete(cancel)
      fn()
    }, delayMs)
    const cancel = () => {
      this.#cancels.delete(cancel)
      cancelInner()
    }
    this.#cancels.add(cancel)
    return cancel
  }

  kill(): void {
    this.#killed = true
    for (const cancel of [...this.#cancels]) cancel()
  }
}
