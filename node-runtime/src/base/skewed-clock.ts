// A clock that can be set wrong while it runs, for tests. Timers run for as long as they were asked to.
import type { Clock } from './clock.ts'

export class SkewedClock implements Clock {
  /** Added to the time of day. */
  offsetMs = 0
  readonly #inner: Clock

  constructor(inner: Clock) {
    this.#inner = inner
  }

  nowMs(): number {
    return this.#inner.nowMs() + this.offsetMs
  }

  setTimer(fn: () => void, delayMs: number): () => void {
    return this.#inner.setTimer(fn, delayMs)
  }

  elapsedMs(): number {
    return this.#inner.elapsedMs?.() ?? this.#inner.nowMs()
  }
}
