// The executor of a running node: guests run in worker threads, so that they can be stopped and never block the event
// loop. Workers start with the first call, one is kept warm beside the busy ones, and idle ones end.
import { availableParallelism } from 'node:os'
import { toHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { systemRandom } from '../base/random.ts'
import { type GuestExecutor, type GuestOutcome, isMachineFailure } from './guest-executor.ts'
import { HOST_LIMITS } from './limits.ts'
import { ModuleCache } from './module/module-cache.ts'
import { RuntimeError } from './runtime-error.ts'
import { GuestThreadPool } from './threads/guest-thread-pool.ts'

/** The threads read and write files; what a thread that was lost has left is removed here. */
export interface WorkerBlobs {
  readonly folder: string
  /** All that the run has staged but `kept`, by folder. */
  dropStage(run: string, kept: ReadonlySet<string>): Promise<void>
}

export interface WorkerExecutorOptions {
  /** The directory that the main thread has open with `openLevelStore`. */
  readonly storeLocation: string
  /** Absent: guests have no blobs. */
  readonly blobs?: WorkerBlobs
  readonly clock: Clock
  readonly log: Logger
  /** Per job, in place of the limits of calls and applies. */
  readonly timeLimitMs?: number
  /** At the cap, runs wait for a worker in the order they came. */
  readonly workersMax?: number
  readonly idleMs?: number
}

export interface WorkerExecutor extends GuestExecutor {
  /**
   * Ends the threads, calls `work` when they are gone, and lets runs that came meanwhile begin when it is done. Where it fails
   * the store may be shut: runs fail with WORKER_FAILED until one succeeds. A thread would open the store in its owner's place,
   * and LevelDB uses the cache of whoever opened it first, also after that thread has ended.
   */
  alone(work: () => Promise<void>): Promise<void>
}

export function workerExecutor(options: WorkerExecutorOptions): WorkerExecutor {
  const modules = new ModuleCache()
  const pool = new GuestThreadPool({
    program: workerProgram(),
    storeLocation: options.storeLocation,
    blobFolder: options.blobs?.folder,
    clock: options.clock,
    log: options.log,
    callLimitMs: options.timeLimitMs ?? HOST_LIMITS.callLimitMs,
    applyLimitMs: options.timeLimitMs ?? HOST_LIMITS.applyLimitMs,
    workersMax: options.workersMax ?? Math.max(HOST_LIMITS.workersMin, availableParallelism()),
    idleMs: options.idleMs ?? HOST_LIMITS.workerIdleMs,
  })
  const running = new Set<Promise<unknown>>()
  let closed = false
  let alone: Promise<void> | undefined
  let isShut = false
  const tracked = <T>(work: () => Promise<T>): Promise<T> => {
    if (closed) return Promise.reject(new RuntimeError('EXECUTOR_CLOSED', 'the executor is closed'))
    const promise = alone === undefined ? work() : alone.then(work, work)
    running.add(promise)
    const forget = () => running.delete(promise)
    promise.then(forget, forget)
    return promise
  }
  return {
    run: (module, source, jobs, { signal, onOutcome, budgetMs } = {}) =>
      tracked(async () => {
        signal?.throwIfAborted()
        if (isShut) throw new RuntimeError('WORKER_FAILED', 'no guest can run while the store is shut')
        const { loaded } = await modules.load(module)
        return await withStage(options.blobs, (blobRun, keep) => {
          const request = { module: loaded, source, jobs, blobRun, budgetMs }
          const told = (outcome: GuestOutcome) => {
            keep(outcome)
            onOutcome?.(outcome)
          }
          return pool.use(signal, (thread) => thread.run(request, { ...(signal ? { signal } : {}), onOutcome: told }))
        })
      }),
    inspect: (module) => tracked(async () => (await modules.load(module)).info),
    async close() {
      closed = true
      await Promise.allSettled(running)
      await pool.end()
    },
    async alone(work) {
      // One after the other, if several want to be.
      const before = [alone, ...running]
      const turn = Promise.allSettled(before)
        .then(() => pool.end())
        .then(work)
        .then(
          () => {
            isShut = false
          },
          (error: unknown) => {
            isShut = true
            throw error
          },
        )
      alone = turn
      try {
        await turn
      } finally {
        if (alone === turn) alone = undefined
      }
    },
  }
}

/** Of a run that the machine ended only that stays which was handed over with an outcome, and is its taker's. */
async function withStage(
  blobs: WorkerBlobs | undefined,
  work: (run: string | undefined, keep: (outcome: GuestOutcome) => void) => Promise<GuestOutcome[]>,
): Promise<GuestOutcome[]> {
  if (!blobs) return work(undefined, () => {})
  const run = toHex(systemRandom.bytes(8))
  const kept = new Set<string>()
  let whole = false
  try {
    const outcomes = await work(run, (outcome) => {
      for (const { folder } of outcome.blobs?.created ?? []) kept.add(folder)
    })
    whole = !outcomes.some(isMachineFailure)
    return outcomes
  } finally {
    if (!whole) await blobs.dropStage(run, kept)
  }
}

/** Beside this file as it is in development, beside the bundle otherwise. */
function workerProgram(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return new URL(`./guest-worker.${extension}`, import.meta.url)
}
