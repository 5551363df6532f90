// Calls that come to one node at the same moment, more than a burst has: they share turns there.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { drawsFrom } from './draws.ts'
import { operationOf } from './operations.ts'
import type { Operation, Scenario } from './scenario.ts'

const HEAPS_SHARE = 0.4
/** Above the numbers of all other operations: values name them. */
const FIRST_INDEX = 1000

export function withHeaps(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`heaps ${seed}`))
  if (!draws.chance(HEAPS_SHARE)) return scenario
  const heaps: Operation[] = []
  // Not where some seeds come to their own ends.
  const early = scenario.operations.slice(0, Math.ceil(scenario.operations.length / 2))
  for (let left = draws.whole(2, 4); left > 0; left -= 1) {
    const { atMs, node } = draws.pick(early)
    const count = scenario.app === 'order-sensitive' ? draws.whole(2, 5) : draws.whole(4, 12)
    for (let i = 0; i < count; i += 1) {
      heaps.push({ atMs, node, ...operationOf(scenario.app, draws, FIRST_INDEX + heaps.length) })
    }
  }
  const operations = [...scenario.operations, ...heaps].sort((a, b) => a.atMs - b.atMs)
  return { ...scenario, operations }
}
