// Steps that only read variables wait for nothing: without a pause of their own no timer, signal or socket would get a turn
// before the last of them. A pause costs a turn, so there is one only after some time without.
import { setImmediate } from 'node:timers/promises'
import { UNINTERRUPTED_MAX_MS } from '../limits.ts'

export class EventLoopTurn {
  readonly #nowMs: () => number
  #lastMs: number

  /** Of this computer's time, whatever clock the steps have: it is what others wait for. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
    this.#lastMs = nowMs()
  }

  /** Undefined: the last turn is not long ago. Else what to wait for. */
  due(): Promise<void> | undefined {
    return this.#nowMs() - this.#lastMs < UNINTERRUPTED_MAX_MS ? undefined : this.#take()
  }

  async #take(): Promise<void> {
    await setImmediate()
    this.#lastMs = this.#nowMs()
  }
}
