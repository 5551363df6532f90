// Time that stands still until everything that runs has come to rest, then jumps to the next timer. With a seeded random
// source and the simulated network, a whole run of several nodes repeats exactly.
import type { Clock } from '../base/clock.ts'
import { type Timer, TimerQueue } from './timer-queue.ts'

const START_MS = 1_800_000_000_000
/** Every so often the event loop turns as a whole, for what is no part of the run: messages, signals, a test's time limit. */
const RESTS_PER_TURN = 64

export class DrivenClock implements Clock {
  readonly #timers = new TimerQueue()
  #nowMs: number
  #seq = 0
  #busy = 0
  #rests = 0

  constructor(startMs = START_MS) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  setTimer(fn: () => void, delayMs: number): () => void {
    this.#seq += 1
    const timer: Timer = { dueMs: this.#nowMs + Math.max(0, delayMs), seq: this.#seq, fn }
    this.#timers.add(timer)
    return () => {
      timer.fn = undefined
    }
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

  /**
   * Resolves when nothing can happen any more without a timer: all promises have been followed up before the next tick,
   * which costs a quarter of a turn of the event loop.
   */
  rest(): Promise<void> {
    this.#rests += 1
    return new Promise((resolve) => {
      const look = () => {
        if (this.#busy > 0) setImmediate(look)
        else resolve()
      }
      if (this.#rests % RESTS_PER_TURN > 0) process.nextTick(look)
      else setImmediate(look)
    })
  }

  /** Jumps to the next timer and fires it. False when there is none. */
  step(): boolean {
    const next = this.#timers.take()
    if (!next) return false
    this.#nowMs = Math.max(this.#nowMs, next.dueMs)
    next.fn?.()
    return true
  }
}

/** The clock of one process: it may go wrong, and `kill` ends all its timers, as the end of the process does. */
export class ProcessClock implements Clock {
  /** How far it is ahead of the true time; timers are not touched by it. */
  skewMs: number
  readonly #clock: Clock
  readonly #cancels = new Set<() => void>()
  #killed = false

  constructor(clock: Clock, skewMs = 0) {
    this.#clock = clock
    this.skewMs = skewMs
  }

  nowMs(): number {
    return this.#clock.nowMs() + this.skewMs
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
