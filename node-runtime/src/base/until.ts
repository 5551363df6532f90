// The one wait loop. It says what it waits for and the last value it saw.
import type { Clock } from './clock.ts'
import { CodedError } from './errors.ts'

export class WaitError extends CodedError<'WAIT_TIMEOUT'> {}

export interface UntilOptions<T> {
  /** Completes "waited N ms for …". */
  readonly what: string
  /** Returns the awaited value, or `{ seen }` to say what stands in the way. */
  readonly probe: () => Promise<{ done: T } | { seen: string }>
  readonly clock: Clock
  readonly timeoutMs: number
  readonly intervalMs: number
  readonly signal?: AbortSignal
}

/** Resolves with the probe's value. Throws WaitError after `timeoutMs`, or `signal.reason`. */
export async function until<T>(options: UntilOptions<T>): Promise<T> {
  const { clock, signal } = options
  const start = clock.nowMs()
  for (;;) {
    signal?.throwIfAborted()
    const result = await options.probe()
    if ('done' in result) return result.done
    const waitedMs = clock.nowMs() - start
    if (waitedMs >= options.timeoutMs) {
      throw new WaitError('WAIT_TIMEOUT', `waited ${waitedMs} ms for ${options.what}; last seen: ${result.seen}`, {
        data: { waitedMs, seen: result.seen },
      })
    }
    await sleep(clock, Math.min(options.intervalMs, options.timeoutMs - waitedMs), signal)
  }
}

/** Resolves after `delayMs`; rejects with `signal.reason`. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = clock.setTimer(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, delayMs)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
