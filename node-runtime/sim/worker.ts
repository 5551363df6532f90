// A thread of the pool.
import { parentPort } from 'node:worker_threads'
import type { SeedAnswer, SeedJob } from './pool.ts'
import { runScenario } from './run/run-seed.ts'
import { verifyOnce } from './run/verified-once.ts'
import { generate } from './scenario/generate.ts'

verifyOnce()
// Faults are refused and broken off by errors all the time, and where each came from costs more than the rest of it. A run
// that breaks by itself says more when its seed is run alone.
Error.stackTraceLimit = 0

async function answer({ seed, only, era }: SeedJob): Promise<SeedAnswer> {
  try {
    return { report: (await runScenario(generate(seed, only, era))).report }
  } catch (error) {
    return { seed, broke: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

parentPort?.on('message', (job: SeedJob) => {
  void answer(job).then((reply) => parentPort?.postMessage(reply))
})
