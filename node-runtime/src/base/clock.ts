// Time as a port, and the hybrid logical clock that stamps deltas and governance operations.

/** Wall time and timers. The simulator has its own; `systemClock` is the only user of the real ones. */
export interface Clock {
  /** Milliseconds since the Unix epoch. May step backwards. */
  nowMs(): number
  /** Runs `fn` once after `delayMs`; the result cancels it. Timers never keep the process alive. */
  setTimer(fn: () => void, delayMs: number): () => void
  /** Real time for slicing work. Absent where time is driven: how fast a machine is must not decide what happens there. */
  elapsedMs?(): number
}

/** A timer of the platform holds no more (24.8 days), and ends at once where it is given more. */
const TIMER_MAX_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  setTimer(fn, delayMs) {
    let timer: NodeJS.Timeout
    const wait = (leftMs: number) => {
      const pieceMs = Math.min(leftMs, TIMER_MAX_MS)
      timer = setTimeout(() => (leftMs > pieceMs ? wait(leftMs - pieceMs) : fn()), pieceMs).unref()
    }
    wait(delayMs)
    return () => clearTimeout(timer)
  },
  elapsedMs: () => performance.now(),
}

/**
 * Hybrid logical clock: nanoseconds since the Unix epoch as a u64, advanced by at least one on every stamp, and never
 * behind any stamp it has observed. Guests see these stamps as `time_now`, so a delta that is applied later always
 * finds its own writes in the past.
 */
export class HybridClock {
  readonly #clock: Clock
  #last: bigint

  constructor(clock: Clock, last = 0n) {
    this.#clock = clock
    this.#last = last
  }

  get last(): bigint {
    return this.#last
  }

  /** A stamp greater than every earlier stamp and every observed one. */
  tick(): bigint {
    const wall = BigInt(Math.trunc(this.#clock.nowMs())) * 1_000_000n
    this.#last = wall > this.#last ? wall : this.#last + 1n
    return this.#last
  }

  observe(stamp: bigint): void {
    if (stamp > this.#last) this.#last = stamp
  }
}
