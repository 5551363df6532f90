// The wait loop of the drivers. It says what it waits for and the last thing it saw.
import { setTimeout as delay } from 'node:timers/promises'

export interface UntilOptions<T> {
  /** Returns the awaited value, or `{ seen }` to say what stands in the way. */
  readonly probe: () => Promise<{ done: T } | { seen: string }>
  readonly timeoutMs: number
  /** Between probes; doubles from the first to the last. */
  readonly firstMs: number
  readonly maxMs: number
  readonly signal?: AbortSignal | undefined
  /** The error of a wait that took too long. */
  readonly expired: (waitedMs: number, seen: string) => Error
}

/** Resolves with the probe's value. Throws what `expired` makes, or `signal.reason`. */
export async function until<T>(options: UntilOptions<T>): Promise<T> {
  const start = performance.now()
  for (let intervalMs = options.firstMs; ; intervalMs = Math.min(options.maxMs, intervalMs * 2)) {
    options.signal?.throwIfAborted()
    const result = await options.probe()
    if ('done' in result) return result.done
    const leftMs = options.timeoutMs - (performance.now() - start)
    if (leftMs <= 0) throw options.expired(Math.round(performance.now() - start), result.seen)
    await sleep(Math.min(intervalMs, leftMs), options.signal)
  }
}

/** Resolves after `delayMs`; rejects with `signal.reason`. */
export async function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(delayMs, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
