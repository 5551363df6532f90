// Is a planted bug still caught by the seed that once caught it? A change of the generator changes what seeds mean, and nothing
// else says that a bug has lost the run that showed it.
import { generate } from '../scenario/generate.ts'
import { type Baseline, hunt, suits } from './hunt.ts'
import type { Mutant } from './mutant.ts'

export interface Recheck {
  readonly name: string
  /** Undefined: none is recorded. */
  readonly seed: number | undefined
  /** The checkers that failed there. */
  readonly checkers: readonly string[]
  /** Why it is not caught; undefined: it is. */
  readonly why: string | undefined
}

/** `caughtBy`: as it is recorded; null: it was missed. Throws MUTANT_STALE. */
export async function recheck(
  mutant: Mutant,
  { caughtBy, baseline }: { readonly caughtBy: number | null | undefined; readonly baseline: Baseline },
): Promise<Recheck> {
  const seed = caughtBy ?? undefined
  const lost = (why: string): Recheck => ({ name: mutant.name, seed, checkers: [], why })
  if (seed === undefined) return lost('no seed is recorded that caught it')
  if (!suits(generate(seed), mutant.needs)) return lost(`what the seed makes has no ${mutant.needs}`)
  const { caughtBy: found, checkers } = await hunt(mutant, { from: seed, seeds: 1, baseline })
  if (found !== undefined) return { name: mutant.name, seed, checkers, why: undefined }
  return lost((await baseline.passes(seed)) ? 'the seed passes with it' : 'the seed fails without it, too')
}
