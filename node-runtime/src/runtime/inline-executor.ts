// The executor on the caller's own thread: for the simulator and for tests. It blocks the event loop while a guest
// runs. Without `timeLimitMs` an endless guest blocks it for ever; with it the engine interrupts the guest.
import { isNativeError } from 'node:util/types'
import { createContext, Script } from 'node:vm'
import { type Random, systemRandom } from '../base/random.ts'
import type { GuestDisk } from '../blobs/blob-disk.ts'
import type { Store } from '../store/store.ts'
import { blobAccess } from './blob-access.ts'
import { timeoutFault } from './call/guest-fault.ts'
import { committedState } from './committed-state.ts'
import type { GuestExecutor, GuestOutcome } from './guest-executor.ts'
import { ModuleCache } from './module/module-cache.ts'
import type { JobParts } from './run-job.ts'
import { runJobs } from './run-jobs.ts'
import { RunState } from './run-state.ts'
import { RuntimeError } from './runtime-error.ts'

export interface InlineExecutorOptions {
  readonly store: Store
  /** Absent: guests have no blobs. */
  readonly blobs?: GuestDisk
  /** Per job. The simulator leaves it out: real time must not decide there. */
  readonly timeLimitMs?: number
  /** What guests draw from. Default: the system's. */
  readonly random?: Random
  /** Compiled modules that several executors of one process share. Default: its own. */
  readonly modules?: ModuleCache
}

type Guard = JobParts['guard']

export function inlineExecutor(options: InlineExecutorOptions): GuestExecutor {
  const { store, timeLimitMs, random = systemRandom, modules = new ModuleCache() } = options
  const guard: Guard = timeLimitMs === undefined ? (_, body) => body() : interruptingGuard(timeLimitMs)
  let closed = false
  let runs = 0
  const requireOpen = () => {
    if (closed) throw new RuntimeError('EXECUTOR_CLOSED', 'the executor is closed')
  }
  return {
    async run(module, source, jobs, { signal, onOutcome } = {}) {
      requireOpen()
      signal?.throwIfAborted()
      const { loaded } = await modules.load(module)
      signal?.throwIfAborted()
      requireOpen()
      const snapshot = store.snapshot()
      try {
        const state = new RunState(committedState(snapshot, source), source)
        runs += 1
        const blobs = options.blobs && blobAccess(options.blobs, `inline-${runs}`, snapshot, source)
        const outcomes: GuestOutcome[] = []
        for (const outcome of runJobs(jobs, { module: loaded, state, random, blobs, guard })) {
          outcomes.push(outcome)
          onOutcome?.(outcome)
        }
        return outcomes
      } finally {
        await snapshot.close()
      }
    },
    async inspect(module) {
      requireOpen()
      return (await modules.load(module)).info
    },
    async close() {
      closed = true
    },
  }
}

/** The engine can interrupt a script, but not a plain call: so the call is made from a script. */
function interruptingGuard(timeLimitMs: number): Guard {
  const globals: { body: () => void } = { body: () => {} }
  const context = createContext(globals)
  const script = new Script('body()')
  return (job, body) => {
    globals.body = body
    try {
      script.runInContext(context, { timeout: timeLimitMs })
    } catch (error) {
      // The error is of the script's own realm, where `instanceof Error` fails.
      if (isNativeError(error) && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
        throw timeoutFault(job, timeLimitMs)
      }
      throw error
    } finally {
      globals.body = () => {}
    }
  }
}
