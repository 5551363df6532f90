// The hunt itself, with two bugs that one short run catches each. That it passes without them is part of the hunt.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { MUTANTS } from './all.ts'
import { Baseline, hunt } from './hunt.ts'
import type { Mutant } from './mutant.ts'

const TIMEOUT_MS = 240_000
/** Of an application with few calls. */
const SEED = 31_000_003

let baseline: Baseline
beforeAll(() => {
  baseline = new Baseline()
})
afterAll(() => baseline.close())

function named(name: string): Mutant {
  const mutant = MUTANTS.find((one) => one.name === name)
  if (!mutant) throw new Error(`no planted bug is called ${name}`)
  return mutant
}

it.each(['clock-stands-still-within-a-millisecond', 'outbox-marker-is-forgotten'])(
  '%s is caught by the first run',
  { timeout: TIMEOUT_MS },
  async (name) => {
    const { caughtBy, checkers } = await hunt(named(name), { from: SEED, seeds: 1, baseline })
    expect([caughtBy, checkers.length > 0]).toEqual([SEED, true])
  },
)
