// Members that die when they have just written one of their own again: in some seeds in which history is pruned, from draws of their own.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { drawsFrom } from './draws.ts'
import type { Fault, Scenario } from './scenario.ts'

/** Of the seeds in which history is pruned. */
const SHARE = 0.15

export function withRewritingCrash(scenario: Scenario, seed: number): Scenario {
  // The first of such streams that draws no pinned seed.
  const draws = drawsFrom(seededRandom(`rewriting 9 ${seed}`))
  if (!draws.chance(SHARE) || scenario.retention === undefined) return scenario
  const [batch, written, downMs] = [draws.pick([1, 1, 2]), draws.chance(0.3), draws.pick([1, 100, 3000])]
  const crashes = scenario.nodes.map(
    (node): Fault => ({ kind: 'crash', node, atMs: 0, batch, written, downMs, on: 'rewriting' }),
  )
  const faults = [...scenario.faults, ...crashes]
  return { ...scenario, faults, marks: [...(scenario.marks ?? []), 'rewriting crash'] }
}
