// Machines that are busy: now and then a run of a guest takes one too long, be it a call, an apply or a handler. In some seeds,
// from draws of their own.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { drawsFrom } from './draws.ts'
import type { Fault, Scenario } from './scenario.ts'

const SHARE = 0.08
const LEAST_MS = 2000

export function withStumbling(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`stumbling ${seed}`))
  const { nodes, operations, faults, marks = [] } = scenario
  // There the last call migrates, and none comes after it that could try again.
  if (!draws.chance(SHARE) || marks.includes('failing migration')) return scenario
  const lastMs = operations.at(-1)?.atMs ?? 0
  const stumbles = draws.some(nodes, draws.whole(1, 3)).map((node): Fault => {
    const fromMs = draws.whole(0, lastMs)
    const untilMs = fromMs + draws.whole(LEAST_MS, LEAST_MS + lastMs)
    return { kind: 'stumble', node, rate: draws.pick([0.05, 0.2, 0.6]), fromMs, untilMs }
  })
  return { ...scenario, faults: [...faults, ...stumbles], marks: [...marks, 'stumbling'] }
}
