// A failure made smaller, kept as a file, and what is said of it.
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Progress } from './progress.ts'
import { type RunReport, runScenario } from './run/run-seed.ts'
import type { Scenario } from './scenario/scenario.ts'
import { shrink } from './scenario/shrink.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')

export interface ShrinkingOptions {
  readonly runsMax: number
  readonly progress: Progress
  /** It was read from there: it is not written again where nothing became smaller. */
  readonly file?: string
}

/** Writes the smallest scenario found that fails in the same checkers; returns what to say of it. */
export async function shrinkFailure(
  scenario: Scenario,
  { violations, leftOut }: Pick<RunReport, 'violations' | 'leftOut'>,
  { runsMax, progress, file: origin }: ShrinkingOptions,
): Promise<string> {
  const checkers = new Set(violations.map(({ checker }) => checker))
  let runs = 0
  let best = scenario
  const smallest = await shrink(scenario, {
    runsMax,
    leftOut,
    onSmaller: (smaller) => {
      best = smaller
    },
    fails: async (candidate) => {
      runs += 1
      progress(() => `shrinking: ${runs} of at most ${runsMax} runs, ${sizesOf(best)}`)
      // One that breaks the run itself fails in another way.
      const ended = await runScenario(candidate).catch(() => undefined)
      return ended?.report.violations.some(({ checker }) => checkers.has(checker)) ?? false
    },
  })
  const how = shrunkText(scenario, smallest, runs)
  if (smallest === scenario && origin !== undefined) return how
  const file = path.join(ROOT, '.calbox/sim', `${scenario.seed}.json`)
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify(smallest, undefined, 1)}\n`)
  return `${how}\n  again: npm run sim -- --scenario ${path.relative(ROOT, file)}`
}

/** `after` is `before` itself where nothing became smaller. */
export function shrunkText(before: Scenario, after: Scenario, runs: number): string {
  const what = `  seed ${before.seed}`
  if (after === before) return `${what}: nothing smaller fails in the same way, in ${runs} runs: ${sizesOf(before)}`
  return `${what}: shrunk in ${runs} runs from ${sizesOf(before)} to ${sizesOf(after)}`
}

function sizesOf({ nodes, operations, faults }: Scenario): string {
  return `${nodes.length} nodes, ${operations.length} operations, ${faults.length} faults`
}
