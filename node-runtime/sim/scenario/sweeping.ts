// Checkpoints that take out of the state what was removed (ADR 0029), which those of a real node do once in many thousand deltas:
// most seeds whose history goes while they run, and nodes that die just after, from draws of their own.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { drawsFrom } from './draws.ts'
import type { Fault, Scenario } from './scenario.ts'

/** Of the seeds whose collections are kept by the node, and whose history goes. */
const SHARE = 0.75
/** From one to the next, for the least that a checkpoint has: each of them, or every second or third. */
const CHECKPOINTS = [1, 1.5, 2, 3] as const
/** Of these seeds, those where everybody dies once when its history has gone. */
const DYING_SHARE = 0.3

export function withSweeping(scenario: Scenario, seed: number): Scenario {
  // The first of such streams under which no pinned seed is changed.
  const draws = drawsFrom(seededRandom(`sweeping 43 ${seed}`))
  const [isChosen, checkpoints, isDying] = [draws.chance(SHARE), draws.pick(CHECKPOINTS), draws.chance(DYING_SHARE)]
  const { app, retention, marks = [] } = scenario
  if (!isChosen || app === 'order-sensitive' || retention === undefined) return scenario
  const sweepEvery = Math.ceil(checkpoints * retention.checkpointMin)
  const crashes = scenario.nodes.map((node): Fault => {
    const [batch, written, downMs] = [draws.whole(1, 3), draws.chance(0.5), draws.pick([1, 100])]
    return { kind: 'crash', node, atMs: 0, batch, written, downMs, on: 'pruned' }
  })
  const faults = isDying ? [...scenario.faults, ...crashes] : scenario.faults
  return { ...scenario, retention: { ...retention, sweepEvery }, faults, marks: [...marks, 'sweeping'] }
}
