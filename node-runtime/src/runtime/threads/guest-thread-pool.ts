// The guest workers of a node. At most `workersMax`; one more than are busy is kept warm, because a worker that had to
// be killed takes its start-up time to replace; all end when no guest ran for `idleMs`.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { HOST_LIMITS } from '../limits.ts'
import { RuntimeError } from '../runtime-error.ts'
import { GuestThread, type ThreadOptions } from './guest-thread.ts'

export interface PoolOptions extends ThreadOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly workersMax: number
  readonly idleMs: number
}

interface Waiter {
  readonly resolve: (thread: GuestThread) => void
}

export class GuestThreadPool {
  readonly #options: PoolOptions
  /** Those that may be used, now or later: `workersMax` counts them. */
  readonly #all = new Set<GuestThread>()
  /** Those whose exit has not been seen, the ones that are being ended included: each may have the store open. */
  readonly #present = new Set<GuestThread>()
  /** Each with the cancellation of its end. The last released is used first. */
  readonly #idle = new Map<GuestThread, () => void>()
  readonly #waiting = new Set<Waiter>()
  #lastUsedMs = 0
  #ending = false

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Gives `body` a worker of its own. Throws `signal.reason`, also while waiting for one. */
  async use<T>(signal: AbortSignal | undefined, body: (thread: GuestThread) => Promise<T>): Promise<T> {
    const thread = await this.#acquire(signal)
    try {
      return await body(thread)
    } finally {
      this.#release(thread)
    }
  }

  /**
   * No `use` may be running. Resolves when every thread is gone, also those that a time limit, an abort or the idle timer
   * has ended; the next `use` starts another.
   */
  async end(): Promise<void> {
    this.#ending = true
    for (const cancel of this.#idle.values()) cancel()
    this.#idle.clear()
    this.#all.clear()
    await Promise.all([...this.#present].map((thread) => thread.terminate()))
    this.#ending = false
  }

  async #acquire(signal: AbortSignal | undefined): Promise<GuestThread> {
    signal?.throwIfAborted()
    this.#lastUsedMs = this.#options.clock.nowMs()
    const thread = this.#takeIdle() ?? (this.#all.size < this.#options.workersMax ? this.#start() : undefined)
    if (thread) {
      this.#keepSpare()
      return thread
    }
    if (this.#waiting.size >= HOST_LIMITS.waitingRuns) {
      throw new RuntimeError('EXECUTOR_BUSY', `${this.#waiting.size} guest runs are already waiting for a worker`)
    }
    return await new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.delete(waiter)
        reject(signal?.reason)
      }
      const waiter: Waiter = {
        resolve: (given) => {
          signal?.removeEventListener('abort', onAbort)
          resolve(given)
        },
      }
      this.#waiting.add(waiter)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  #release(thread: GuestThread): void {
    this.#lastUsedMs = this.#options.clock.nowMs()
    if (!thread.alive) this.#all.delete(thread)
    const [waiter] = this.#waiting
    if (waiter) {
      this.#waiting.delete(waiter)
      waiter.resolve(thread.alive ? thread : (this.#takeIdle() ?? this.#start()))
    } else if (thread.alive) {
      this.#makeIdle(thread)
    }
  }

  #start(): GuestThread {
    const thread = new GuestThread(this.#options)
    this.#all.add(thread)
    this.#present.add(thread)
    thread.onLost(() => {
      this.#present.delete(thread)
      this.#all.delete(thread)
      this.#idle.get(thread)?.()
      this.#idle.delete(thread)
    })
    thread.ready.catch((error: unknown) => {
      const { log } = this.#options
      if (this.#ending) log.debug({ error: String(error) }, 'a guest worker was ended while it started')
      else log.error({ error: String(error) }, 'a guest worker did not start')
    })
    return thread
  }

  #takeIdle(): GuestThread | undefined {
    const [thread, cancelEnd] = [...this.#idle].at(-1) ?? []
    if (!thread) return undefined
    cancelEnd?.()
    this.#idle.delete(thread)
    return thread
  }

  #keepSpare(): void {
    if (this.#idle.size === 0 && this.#all.size < this.#options.workersMax) this.#makeIdle(this.#start())
  }

  #makeIdle(thread: GuestThread): void {
    this.#idle.delete(thread)
    this.#idle.set(
      thread,
      this.#options.clock.setTimer(() => this.#onIdleTimer(thread), this.#options.idleMs),
    )
  }

  #onIdleTimer(thread: GuestThread): void {
    const inUse = this.#options.clock.nowMs() - this.#lastUsedMs < this.#options.idleMs
    // The only spare of a pool that works stays: ending it would only mean starting another.
    if (inUse && this.#idle.size === 1) {
      this.#makeIdle(thread)
    } else {
      this.#idle.delete(thread)
      this.#all.delete(thread)
      void thread.terminate()
    }
  }
}
