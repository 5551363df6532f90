// The hunt itself, with two bugs that one short run catches each. That it passes without them is part of the hunt.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generate } from '../scenario/generate.ts'
import { MUTANTS } from './all.ts'
import { Baseline, hunt } from './hunt.ts'
import type { Mutant } from './mutant.ts'
import { recheck } from './recheck.ts'

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

describe('a bug whose seed is looked at again', { timeout: TIMEOUT_MS }, () => {
  const bug = named('outbox-marker-is-forgotten')

  it('is still caught there', async () => {
    const { seed, checkers, why } = await recheck(bug, { caughtBy: SEED, baseline })
    expect({ seed, why, isNamed: checkers.length > 0 }).toEqual({ seed: SEED, why: undefined, isNamed: true })
  })

  it('is lost where the seed passes with it', async () => {
    // The same source with another comment: no bug at all.
    const none = { ...bug, replace: `/* nothing */ ${bug.find}` }
    expect(await recheck(none, { caughtBy: SEED, baseline })).toMatchObject({ why: 'the seed passes with it' })
  })

  it('is lost where the seed makes nothing any more that it needs', async () => {
    const needs = generate(SEED).app === 'mixed' ? 'collections' : 'mixed'
    expect(await recheck({ ...bug, needs }, { caughtBy: SEED, baseline })).toMatchObject({
      why: `what the seed makes has no ${needs}`,
    })
  })

  it.each([null, undefined])('is lost where no seed is recorded: %s', async (caughtBy) => {
    const result = await recheck(bug, { caughtBy, baseline })
    expect(result).toEqual({ name: bug.name, seed: undefined, checkers: [], why: 'no seed is recorded that caught it' })
  })
})
