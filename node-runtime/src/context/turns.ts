// Long work in slices: after each, everything else in the process has its turn. It goes through the clock, so that the
// order of a driven run stays its own.
import type { InPieces } from '../base/pieces.ts'
import { TURN_COST, TURN_COST_BYTES, TURN_MS } from './limits.ts'

interface TurnsParts {
  readonly setTimer: (fn: () => void, delayMs: number) => () => void
  /** Stands still where time is driven. */
  readonly elapsedMs: () => number
}

export class Turns {
  readonly #parts: TurnsParts
  #spent = 0
  #sinceMs = 0

  constructor(parts: TurnsParts) {
    this.#parts = parts
  }

  /** Work begins: the time until now was no part of it. */
  start(): void {
    this.#sinceMs = this.#parts.elapsedMs()
  }

  /** After each piece of work, with the bytes it went through. Undefined while the slice lasts; then await it. */
  spend(bytes: number): Promise<void> | undefined {
    this.#spent += 1 + bytes / TURN_COST_BYTES
    const tookMs = this.#parts.elapsedMs() - this.#sinceMs
    return this.#spent < TURN_COST && tookMs < TURN_MS ? undefined : this.pass()
  }

  /** All of `work`. What is short is done at once, and no promise made for it. */
  run<T>(work: InPieces<T>): T | Promise<T> {
    const step = work.next()
    return step.done ? step.value : this.#goOn(work)
  }

  /** Resolves when everything else has had its turn. */
  pass(): Promise<void> {
    this.#spent = 0
    return new Promise((resolve) => {
      this.#parts.setTimer(() => {
        this.start()
        resolve()
      }, 0)
    })
  }

  async #goOn<T>(work: InPieces<T>): Promise<T> {
    for (;;) {
      const turn = this.spend(0)
      if (turn) await turn
      const step = work.next()
      if (step.done) return step.value
    }
  }
}
