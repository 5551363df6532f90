// What would happen too rarely by chance: added to some seeds from draws of its own, so that all others stay as they were.
import { seededRandom } from '../src/testing/seeded-random.ts'
import { type Draws, drawsFrom } from './draws.ts'
import type { Fault, Scenario } from './scenario.ts'

/** Of the seeds with a hostile peer, those where it serves a state that is not the one it names. */
const FALSE_STATE_SHARE = 0.25
/** Of the seeds in which history is pruned, those where somebody dies just after it took a peer's state. */
const SWAP_CRASH_SHARE = 0.25

export function withRarities(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`seldom ${seed}`))
  const [servesFalsely, diesAtSwap] = [draws.chance(FALSE_STATE_SHARE), draws.chance(SWAP_CRASH_SHARE)]
  const faults = scenario.faults.map(
    (fault): Fault => (servesFalsely && fault.kind === 'hostile' ? { ...fault, serving: 'false-state' } : fault),
  )
  if (diesAtSwap && scenario.retention) faults.push(...swapCrashes(scenario.nodes, draws))
  return { ...scenario, faults }
}

/** Of everyone: nobody knows who will be behind. */
function swapCrashes(nodes: readonly string[], draws: Draws): Fault[] {
  const [batch, written, downMs] = [draws.pick([1, 1, 2, 4]), draws.chance(0.5), draws.pick([1, 100, 3000])]
  return nodes.map((node) => ({ kind: 'crash', node, atMs: 0, batch, written, downMs, on: 'swap' }))
}
