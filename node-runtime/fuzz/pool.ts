// Rounds spread over threads. A thread that looks at one input for too long is ended: the input is a failure, and the
// rounds that wait go on in a new one.
import { Worker } from 'node:worker_threads'
import { SILENCE_MS } from './limits.ts'
import type { Failure, RoundJob } from './round.ts'
import type { RoundAnswer, WorkerData } from './worker.ts'

export interface PoolOptions extends Omit<WorkerData, 'progress'> {
  readonly workers: number
  readonly onAnswer: (answer: RoundAnswer) => void
  readonly onFailure: (failure: Failure) => void
  /** Looked at before each round: it and all after it are left out. */
  readonly isEnough: () => boolean
}

export async function runRounds(jobs: readonly RoundJob[], options: PoolOptions): Promise<void> {
  const waiting = [...jobs].reverse()
  const lanes = Array.from({ length: Math.min(options.workers, jobs.length) }, async () => {
    // Each thread works until it hangs or nothing waits.
    while (waiting.length > 0 && !options.isEnough()) await work(waiting, options)
  })
  await Promise.all(lanes)
}

function work(waiting: RoundJob[], options: PoolOptions): Promise<void> {
  const { measures, harvest, onAnswer, onFailure, isEnough } = options
  const progress = new Int32Array(new SharedArrayBuffer(4))
  const workerData: WorkerData = { measures, harvest, progress }
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData,
      execArgv: ['--conditions=source'],
    })
    let job: RoundJob | undefined
    let seen = -1
    let silentMs = 0
    const watch = setInterval(() => {
      const now = Atomics.load(progress, 0)
      silentMs = now === seen ? silentMs + WATCH_MS : 0
      seen = now
      if (silentMs < SILENCE_MS || job === undefined) return
      onFailure({ ...job, index: now, why: `no end after ${SILENCE_MS / 1000} s`, hex: '' })
      end()
    }, WATCH_MS)
    const end = () => {
      clearInterval(watch)
      void thread.terminate().then(() => resolve(), reject)
    }
    const next = () => {
      job = isEnough() ? undefined : waiting.pop()
      silentMs = 0
      if (job === undefined) end()
      else thread.postMessage(job)
    }
    thread.on('message', (answer: RoundAnswer) => {
      onAnswer(answer)
      next()
    })
    thread.on('error', (error) => {
      clearInterval(watch)
      reject(error)
    })
    next()
  })
}

const WATCH_MS = 5000
