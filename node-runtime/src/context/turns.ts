// Long work in slices: after each, everything else in the process has its turn. It goes through the clock, so that the
// order of a driven run stays its own.
import { TURN_COST, TURN_COST_BYTES } from './limits.ts'

export class Turns {
  readonly #setTimer: (fn: () => void, delayMs: number) => () => void
  #spent = 0

  constructor(setTimer: (fn: () => void, delayMs: number) => () => void) {
    this.#setTimer = setTimer
  }

  /** After each piece of work, with the bytes it went through. Undefined while the slice lasts; then await it. */
  spend(bytes: number): Promise<void> | undefined {
    this.#spent += 1 + bytes / TURN_COST_BYTES
    return this.#spent < TURN_COST ? undefined : this.pass()
  }

  /** Resolves when everything else has had its turn. */
  pass(): Promise<void> {
    this.#spent = 0
    return new Promise((resolve) => {
      this.#setTimer(resolve, 0)
    })
  }
}
