// The wait loop of the drivers. It says what it waits for and the last thing it saw.

/** A timer of the platform holds no more (24.8 days), and ends at once where it is given more. */
const TIMER_MAX_MS = 2 ** 31 - 1

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

/** Resolves after `delayMs`, however long; rejects with `signal.reason`. */
export async function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const cancel = startTimer(delayMs, resolve)
  const stop = () => reject(signal?.reason)
  signal?.addEventListener('abort', stop, { once: true })
  try {
    await promise
  } finally {
    cancel()
    signal?.removeEventListener('abort', stop)
  }
}

/** Calls `act` once after `delayMs`, however long, unless what is returned is called before. */
export function startTimer(delayMs: number, act: () => void): () => void {
  let timer: NodeJS.Timeout
  const wait = (leftMs: number) => {
    timer =
      leftMs > TIMER_MAX_MS ? setTimeout(() => wait(leftMs - TIMER_MAX_MS), TIMER_MAX_MS) : setTimeout(act, leftMs)
  }
  wait(delayMs)
  return () => clearTimeout(timer)
}
