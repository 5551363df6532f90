// Hostile members that say of what others have written that theirs stands for it: in some seeds with one, from draws of their own.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { drawsFrom } from './draws.ts'
import type { Fault, Mark, Scenario } from './scenario.ts'

/** Of the seeds with one. */
const SHARE = 0.4
const ACTS_MAX = 6
/** There it has something else to say, and each word of the others is needed. */
const OTHERS: readonly Mark[] = ['early cut', 'every word']

export function withClaiming(scenario: Scenario, seed: number): Scenario {
  // The first of such streams under which no pinned seed is changed.
  const draws = drawsFrom(seededRandom(`claiming 1 ${seed}`))
  const { faults, marks = [], operations } = scenario
  const hostile = faults.find((fault) => fault.kind === 'hostile')
  const isOther = marks.some((mark) => OTHERS.includes(mark))
  if (!draws.chance(SHARE) || hostile?.member !== true || isOther) return scenario
  const lastMs = operations.at(-1)?.atMs ?? 0
  const claims = Array.from({ length: draws.whole(2, ACTS_MAX) }, () => {
    return { atMs: draws.whole(0, lastMs), act: 'false-rewrite' as const }
  })
  const acts = [...hostile.acts, ...claims]
  return {
    ...scenario,
    faults: faults.map((fault): Fault => (fault === hostile ? { ...hostile, acts } : fault)),
    marks: [...marks, 'false rewrite'],
  }
}
