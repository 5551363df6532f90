// Seeds spread over threads, one at a time each. What a seed gives does not depend on the thread or on what ran there
// before.
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { HANG_MS } from './limits.ts'
import type { RunReport } from './run/run-seed.ts'
import type { Era, Only } from './scenario/generate.ts'

export interface SeedJob {
  readonly seed: number
  readonly only: Only | undefined
  /** When it was pinned. */
  readonly era?: Era | undefined
  /** Fresh seeds may be left out when there is no time. */
  readonly pinned: boolean
}

/** Of a job: its report, or why the run itself broke. */
export type SeedAnswer = { readonly report: RunReport } | { readonly seed: number; readonly broke: string }

export interface PoolOptions {
  readonly workers: number
  readonly onAnswer: (answer: SeedAnswer, job: SeedJob) => void
  /** Looked at before each job: this one and all after it are left out. */
  readonly isEnough?: (job: SeedJob) => boolean
  /** Once aborted, nothing is answered any more: what runs is ended. */
  readonly stop?: AbortSignal
}

export async function runSeeds(jobs: readonly SeedJob[], options: PoolOptions): Promise<void> {
  // Of the threads that are made from here on.
  for (const flag of HEAP_FLAGS) setFlagsFromString(flag)
  const waiting = [...jobs].reverse()
  const threads = Array.from({ length: Math.min(options.workers, jobs.length) }, () => work(waiting, options))
  await Promise.all(threads)
}

/** Little of a run survives a moment: in V8's 16 MiB it is copied before it dies. Six seeds took 8 % less side by side. */
const YOUNG_MIB = 192
/**
 * What a run leaves is all rubbish once it is over. V8 would look for what lives among it once a seed, for a tenth of the time:
 * at 64 MiB of memories of guests, each of which is gone with its call, and whenever the heap has doubled.
 */
const HEAP_FLAGS = ['--initial-old-space-size=512', '--external-memory-accounted-in-global-limit']

/** Until there is no more to do. */
async function work(waiting: SeedJob[], options: PoolOptions): Promise<void> {
  while ((await workInThread(waiting, options)) === 'hung');
}

/** `hung`: the thread has been ended with the seed that did not, and was answered for. */
function workInThread(waiting: SeedJob[], { onAnswer, isEnough, stop }: PoolOptions): Promise<'done' | 'hung'> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./worker.ts', import.meta.url), {
      execArgv: ['--conditions=source'],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    })
    let job: SeedJob | undefined
    let limit: NodeJS.Timeout | undefined
    const end = (how: 'done' | 'hung') => {
      clearTimeout(limit)
      stop?.removeEventListener('abort', onStop)
      thread.removeAllListeners('message')
      thread.terminate().then(() => resolve(how), reject)
    }
    const onStop = () => end('done')
    const next = () => {
      clearTimeout(limit)
      job = stop?.aborted ? undefined : waiting.pop()
      if (job && isEnough?.(job)) job = undefined
      if (job === undefined) {
        end('done')
        return
      }
      const { seed } = job
      limit = setTimeout(() => {
        answered({
          seed,
          broke: `it has not ended after ${HANG_MS / 1000} s: a loop, or a wait while time stands still`,
        })
        end('hung')
      }, HANG_MS)
      thread.postMessage(job)
    }
    const answered = (answer: SeedAnswer) => {
      if (job) onAnswer(answer, job)
      job = undefined
    }
    thread.on('message', (answer: SeedAnswer) => {
      answered(answer)
      next()
    })
    thread.on('error', reject)
    stop?.addEventListener('abort', onStop)
    next()
  })
}
