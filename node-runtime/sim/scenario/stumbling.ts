// Machines that are busy: now and then a run of a guest takes one too long, be it a call, an apply or a handler. In some seeds,
// from draws of their own.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { drawsFrom } from './draws.ts'
import type { Fault, Mark, Scenario } from './scenario.ts'

const SHARE = 0.08
const LEAST_MS = 2000
/** Endings in which few have to call, and none comes after them that could try again: a migration, or those who bring two parts together. */
const CALLED_ONCE: readonly Mark[] = ['failing migration', 'parted', 'parted and grown']

export function withStumbling(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`stumbling ${seed}`))
  const { nodes, operations, faults, marks = [] } = scenario
  if (!draws.chance(SHARE) || marks.some((mark) => CALLED_ONCE.includes(mark))) return scenario
  const lastMs = operations.at(-1)?.atMs ?? 0
  const stumbles = draws.some(nodes, draws.whole(1, 3)).map((node): Fault => {
    const fromMs = draws.whole(0, lastMs)
    const untilMs = fromMs + draws.whole(LEAST_MS, LEAST_MS + lastMs)
    return { kind: 'stumble', node, rate: draws.pick([0.05, 0.2, 0.6]), fromMs, untilMs }
  })
  return { ...scenario, faults: [...faults, ...stumbles], marks: [...marks, 'stumbling'] }
}
