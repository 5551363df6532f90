// The same scenario gives the same trace: twice in one process, and whatever the number of threads.
import { expect, it } from 'vitest'
import { runSeeds, type SeedAnswer } from '../pool.ts'
import { generate } from '../scenario/generate.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { runScenario } from './run-seed.ts'

const TIMEOUT_MS = 240_000

/** Its first operations only: the trace is as long as the run. */
function short(seed: number): Scenario {
  const scenario = generate(seed, 'host')
  return { ...scenario, operations: scenario.operations.slice(0, 40) }
}

it.each([3, 13, 27])('a run of seed %i repeats to the last packet and byte', { timeout: TIMEOUT_MS }, async (seed) => {
  const first = await runScenario(short(seed), true)
  const second = await runScenario(short(seed), true)
  const differs = first.lines.findIndex((line, index) => line !== second.lines[index])
  expect([differs, first.lines[differs], second.lines[differs]]).toEqual([-1, undefined, undefined])
  expect(second.report).toEqual(first.report)
  expect(first.report.violations).toEqual([])
  expect((await runScenario({ ...short(seed), seed: 'another' })).report.trace).not.toBe(first.report.trace)
})

// Each thread has a seed of its own, and one thread both: what is left of the first would show in the second.
const SEEDS = [1, 2]

it('seeds give the same with one thread and with two', { timeout: TIMEOUT_MS }, async () => {
  const run = async (workers: number) => {
    const answers = new Map<number, SeedAnswer>()
    const jobs = SEEDS.map((seed) => ({ seed, only: 'guest', pinned: false }) as const)
    await runSeeds(jobs, { workers, onAnswer: (answer, { seed }) => void answers.set(seed, answer) })
    return SEEDS.map((seed) => answers.get(seed))
  }
  const [alone, together] = [await run(1), await run(2)]
  expect(together).toEqual(alone)
  for (const answer of alone) expect(answer).toMatchObject({ report: { violations: [] } })
})
