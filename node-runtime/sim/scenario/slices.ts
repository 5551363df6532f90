// Histories that are judged again in slices after somebody was removed, as those of more than 200 deltas are, and nodes that die
// between two slices: some seeds, from draws of their own.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { drawsFrom } from './draws.ts'
import type { Fault, Scenario } from './scenario.ts'

/** Of the seeds with a removal. */
const SHARE = 0.35
/** Of these, those where everybody dies once while it judges. */
const DYING_SHARE = 0.6

export function withSlices(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`slices 29 ${seed}`))
  const [isChosen, isDying, slice] = [draws.chance(SHARE), draws.chance(DYING_SHARE), draws.pick([1, 2, 5])]
  if (!isChosen || !scenario.faults.some(({ kind }) => kind === 'removal')) return scenario
  const crashes = scenario.nodes.map((node): Fault => {
    const [batch, written, downMs] = [draws.whole(1, 4), draws.chance(0.5), draws.pick([1, 100])]
    return { kind: 'crash', node, atMs: 0, batch, written, downMs, on: 'judging' }
  })
  const faults = isDying ? [...scenario.faults, ...crashes] : scenario.faults
  return { ...scenario, slice, faults, marks: [...(scenario.marks ?? []), 'slices'] }
}
