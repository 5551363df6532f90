// How fast somebody may go on: one each interval, and so many at once after a rest.
import type { Clock } from '../../base/clock.ts'

export interface PaceOptions {
  readonly burst: number
  readonly everyMs: number
}

export class Pace {
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #options: PaceOptions
  #left: number
  #countedMs: number

  constructor(clock: Pick<Clock, 'nowMs'>, options: PaceOptions) {
    this.#clock = clock
    this.#options = options
    this.#left = options.burst
    this.#countedMs = clock.nowMs()
  }

  /** 0: the next may go on now. */
  get waitMs(): number {
    this.#count()
    return Math.max(0, (1 - this.#left) * this.#options.everyMs)
  }

  /** Whether this one may go on. */
  take(): boolean {
    if (this.waitMs > 0) return false
    this.#left -= 1
    return true
  }

  #count(): void {
    const { burst, everyMs } = this.#options
    const nowMs = this.#clock.nowMs()
    const passed = (nowMs - this.#countedMs) / everyMs
    // A clock that was set back tells nothing.
    this.#left = passed < 0 ? burst : Math.min(burst, this.#left + passed)
    this.#countedMs = nowMs
  }
}
