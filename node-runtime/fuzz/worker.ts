// A thread that runs rounds. One that measures counts what is executed, from before the decoders are loaded.
import { parentPort, workerData } from 'node:worker_threads'
import type { Bytes } from '../src/base/bytes.ts'
import type { AmplifiedReport } from './amplified.ts'
import type { ExecutedScript } from './executed.ts'
import type { RoundJob, RoundReport } from './round.ts'

export interface WorkerData {
  readonly measures: boolean
  readonly harvest: Readonly<Record<string, readonly Bytes[]>>
  /** Index of the input that is being looked at. */
  readonly progress: Int32Array
}

export interface RoundAnswer {
  readonly report: RoundReport
  /** Of a thread that measures. */
  readonly executed: readonly ExecutedScript[]
  readonly amplified?: AmplifiedReport
}

const { measures, harvest, progress } = workerData as WorkerData
const executed = measures ? (await import('./executed.ts')).countExecuted() : undefined
const { installMeter } = await import('./meter.ts')
const { runRound } = await import('./round.ts')
const { runAmplified } = await import('./amplified.ts')
const { targetsWith } = await import('./targets.ts')
const targets = new Map(targetsWith(harvest).map((target) => [target.name, target]))
const meter = installMeter()

function answer(job: RoundJob): RoundAnswer {
  const target = targets.get(job.target)
  if (target === undefined) throw new Error(`no target ${job.target}`)
  executed?.take()
  const report = runRound(target, job, { meter, begin: (index) => Atomics.store(progress, 0, index) })
  if (executed === undefined) return { report, executed: [] }
  const scripts = executed.take().filter(({ url }) => url.includes('/node-runtime/src/'))
  return { report, executed: scripts, amplified: runAmplified(target, job, { meter, executed }) }
}

parentPort?.on('message', (job: RoundJob) => parentPort?.postMessage(answer(job)))
