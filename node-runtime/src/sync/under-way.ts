// The conversations of this node that are under way: each ends when its time is over, its caller gives up, or the node
// stops, and closing waits for those in the background.
import type { Clock } from '../base/clock.ts'
import { rejectOnAbort } from './conversation.ts'
import { SyncError } from './errors.ts'
import { CAME_PORTION_BYTES } from './limits.ts'

export class UnderWay {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #background = new Set<Promise<unknown>>()
  /** Each ended by hand: a signal that is made of others outlives its conversation until it is collected. */
  readonly #limits = new Set<AbortController>()
  readonly #stop = new AbortController()

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  get isStopped(): boolean {
    return this.#stop.signal.aborted
  }

  /** Aborts when the caller gives up, or the node stops. */
  stopping(signal?: AbortSignal): AbortSignal {
    return signal ? AbortSignal.any([this.#stop.signal, signal]) : this.#stop.signal
  }

  /**
   * Runs `work` with a signal that aborts when its time is over, so many times that of a conversation, the caller gives up, or the
   * node stops. `renew` gives it its time again, from now on.
   */
  async limited<T>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal, renew: () => void) => Promise<T>,
    times = 1,
  ): Promise<T> {
    const timeoutMs = times * this.#timeoutMs
    const limit = new AbortController()
    const expire = () => limit.abort(new SyncError('SYNC_TIMEOUT', `the conversation took longer than ${timeoutMs} ms`))
    let cancel = this.#clock.setTimer(expire, timeoutMs)
    const renew = () => {
      cancel()
      cancel = this.#clock.setTimer(expire, timeoutMs)
    }
    const giveUp = () => limit.abort(signal?.reason)
    if (this.isStopped) limit.abort(this.#stop.signal.reason)
    else if (signal?.aborted) giveUp()
    signal?.addEventListener('abort', giveUp)
    this.#limits.add(limit)
    try {
      return await work(limit.signal, renew)
    } finally {
      cancel()
      signal?.removeEventListener('abort', giveUp)
      this.#limits.delete(limit)
    }
  }

  /** The same, awaited at close. */
  inBackground<T>(work: (signal: AbortSignal, renew: () => void) => Promise<T>): Promise<T> {
    const result = this.limited(undefined, work)
    const settled = result.catch(() => {
      // Reported where it was started; here only awaited at close.
    })
    this.#background.add(settled)
    settled.then(() => this.#background.delete(settled))
    return result
  }

  /** Resolves when `work` has settled, or goes on after the time of a conversation. Throws when the caller gives up. */
  async awaited(work: Promise<unknown>, signal?: AbortSignal): Promise<void> {
    const waiting = new AbortController()
    let cancel = () => {}
    const over = new Promise<void>((resolve) => {
      cancel = this.#clock.setTimer(resolve, this.#timeoutMs)
    })
    try {
      await Promise.race([work, over, ...(signal ? [rejectOnAbort(signal, waiting.signal)] : [])])
    } finally {
      waiting.abort()
      cancel()
    }
  }

  stop(): void {
    const reason = new SyncError('SYNC_INCOMPLETE', 'the node is stopping')
    this.#stop.abort(reason)
    for (const limit of this.#limits) limit.abort(reason)
  }

  /** After `stop`. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#background)
  }
}

/** Calls `renew` with each portion of the bytes that it is told of. */
export function eachPortion(renew: () => void): (bytes: number) => void {
  let came = 0
  return (bytes) => {
    came += bytes
    if (came < CAME_PORTION_BYTES) return
    came = 0
    renew()
  }
}
