// A thread with one planted bug, or none: runs seeds one after the other. The hook comes before everything it may change.
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import type { Mutant } from './mutant.ts'
import { fileOf, mutated } from './replacement.ts'

export interface MutantJob {
  readonly seed: number
}

/** `broke`: the run itself did not come to its end. CPU of this thread. */
export type MutantAnswer = {
  readonly seed: number
  readonly cpuMs: number
  readonly isPlanted: boolean
  readonly violations: readonly { readonly checker: string; readonly message: string }[]
}

const { mutant } = workerData as { readonly mutant: Mutant | undefined }
let isPlanted = false
if (mutant) plant(mutant)

const { generate } = await import('../scenario/generate.ts')
const { runScenario } = await import('../run/run-seed.ts')
const { verifyOnce } = await import('../run/verified-once.ts')
verifyOnce()

/** Throws MUTANT_STALE. */
function plant(bug: Mutant): void {
  const path = fileOf(bug)
  const source = mutated(bug, readFileSync(path, 'utf8'))
  const url = pathToFileURL(path).href
  registerHooks({
    load(target, context, next) {
      if (target !== url) return next(target, context)
      isPlanted = true
      return { format: 'module-typescript', source, shortCircuit: true }
    },
  })
}

async function answer({ seed }: MutantJob): Promise<MutantAnswer> {
  const before = process.threadCpuUsage()
  const violations = await violationsOf(seed)
  const { user, system } = process.threadCpuUsage(before)
  return { seed, cpuMs: (user + system) / 1000, isPlanted, violations }
}

async function violationsOf(seed: number): Promise<MutantAnswer['violations']> {
  try {
    return (await runScenario(generate(seed))).report.violations
  } catch (error) {
    return [{ checker: 'broke', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }]
  }
}

parentPort?.on('message', (job: MutantJob) => {
  void answer(job).then((reply) => parentPort?.postMessage(reply))
})
