// Hunts one planted bug: seed after seed in a thread of its own, until one fails that passes without the bug.
import { Worker } from 'node:worker_threads'
import { AGED_AFTER_MS } from '../../src/context/limits.ts'
import { HANG_MS } from '../limits.ts'
import { generate } from '../scenario/generate.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { Mutant, Need } from './mutant.ts'
import { MutantError } from './replacement.ts'
import type { MutantAnswer } from './worker.ts'

export interface Hunt {
  readonly name: string
  /** Up to the one that caught it, that included. */
  readonly seeds: number
  /** The seed that failed; undefined: missed. */
  readonly caughtBy: number | undefined
  /** The checkers that failed there. */
  readonly checkers: readonly string[]
  readonly message: string
  readonly cpuSeconds: number
}

/** A thread that runs seeds. */
class Runner {
  readonly #thread: Worker

  constructor(mutant: Mutant | undefined) {
    this.#thread = new Worker(new URL('./worker.ts', import.meta.url), {
      execArgv: ['--conditions=source'],
      workerData: { mutant },
    })
  }

  run(seed: number): Promise<MutantAnswer> {
    return new Promise((resolve, reject) => {
      const hang = setTimeout(() => finish(() => resolve(hung(seed))), HANG_MS)
      const onAnswer = (answer: MutantAnswer) => finish(() => resolve(answer))
      const onError = (error: unknown) => finish(() => reject(error))
      const finish = (end: () => void) => {
        clearTimeout(hang)
        this.#thread.off('message', onAnswer)
        this.#thread.off('error', onError)
        end()
      }
      this.#thread.on('message', onAnswer)
      this.#thread.on('error', onError)
      this.#thread.postMessage({ seed })
    })
  }

  async close(): Promise<void> {
    await this.#thread.terminate()
  }
}

function hung(seed: number): MutantAnswer {
  const violations = [{ checker: 'hang', message: `the run did not end within ${HANG_MS / 1000} s` }]
  return { seed, cpuMs: HANG_MS, isPlanted: true, violations }
}

/** What the sources without a bug make of a seed: one that fails there proves nothing. */
export class Baseline {
  readonly #runner = new Runner(undefined)
  readonly #passes = new Map<number, boolean>()
  #last: Promise<unknown> = Promise.resolve()

  /** Asked by several hunts at once, it answers one after the other. */
  passes(seed: number): Promise<boolean> {
    const answer = this.#last.then(async () => {
      const known = this.#passes.get(seed) ?? (await this.#runner.run(seed)).violations.length === 0
      this.#passes.set(seed, known)
      return known
    })
    this.#last = answer
    return answer
  }

  close(): Promise<void> {
    return this.#runner.close()
  }
}

export function suits({ app, retention, faults, marks = [] }: Scenario, need: Need | undefined): boolean {
  switch (need) {
    case undefined:
      return true
    case 'pruning':
      return retention !== undefined
    case 'crash':
      return faults.some(({ kind }) => kind === 'crash' || kind === 'restart')
    case 'silence':
      return faults.some((fault) => fault.kind === 'partition' && fault.untilMs - fault.fromMs > AGED_AFTER_MS)
    case 'hostile':
    case 'removal':
      return faults.some(({ kind }) => kind === need)
    default:
      return app === need || marks.some((mark) => mark === need)
  }
}

/** Throws MUTANT_STALE. */
export async function hunt(
  mutant: Mutant,
  { from, seeds, baseline }: { readonly from: number; readonly seeds: number; readonly baseline: Baseline },
): Promise<Hunt> {
  const runner = new Runner(mutant)
  let cpuMs = 0
  try {
    for (let seed = from; seed < from + seeds; seed += 1) {
      if (!suits(generate(seed), mutant.needs)) continue
      const answer = await runner.run(seed)
      cpuMs += answer.cpuMs
      if (!answer.isPlanted) throw new MutantError('MUTANT_STALE', `no run loads ${mutant.file} of ${mutant.name}`)
      const [first] = answer.violations
      if (first === undefined || !(await baseline.passes(seed))) continue
      const checkers = [...new Set(answer.violations.map(({ checker }) => checker))]
      const message = first.message
      return { name: mutant.name, seeds: seed - from + 1, caughtBy: seed, checkers, message, cpuSeconds: cpuMs / 1000 }
    }
    return { name: mutant.name, seeds, caughtBy: undefined, checkers: [], message: '', cpuSeconds: cpuMs / 1000 }
  } finally {
    await runner.close()
  }
}
