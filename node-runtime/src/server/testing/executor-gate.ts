// A gate before a node's real executor: closed, guests wait there, and a test sees them wait.
import { expect } from 'vitest'
import type { GuestExecutor } from '../../runtime/guest-executor.ts'

export interface ExecutorGate {
  readonly wrapExecutor: (inner: GuestExecutor) => GuestExecutor
  readonly shut: () => void
  readonly open: () => void
  /** Resolves when this many runs, since the start, have come to the closed gate. */
  readonly entered: (runs: number) => Promise<void>
  /** Resolves when the callers of this many of them have given up. */
  readonly aborted: (runs: number) => Promise<void>
}

export function executorGate(): ExecutorGate {
  let way = Promise.withResolvers<void>()
  let entered = 0
  let aborted = 0
  way.resolve()
  let closed = false
  const pass = async (signal?: AbortSignal) => {
    if (!closed) return
    signal?.addEventListener('abort', () => {
      aborted += 1
    })
    entered += 1
    await way.promise
  }
  return {
    wrapExecutor: (inner) => ({
      run: async (module, source, jobs, options) => {
        await pass(options?.signal)
        return inner.run(module, source, jobs, options)
      },
      inspect: async (module) => {
        await pass()
        return inner.inspect(module)
      },
      close: () => inner.close(),
    }),
    shut() {
      closed = true
      way = Promise.withResolvers<void>()
    },
    open() {
      closed = false
      way.resolve()
    },
    entered: (runs) => expect.poll(() => entered).toBe(runs),
    aborted: (runs) => expect.poll(() => aborted).toBe(runs),
  }
}
