// Hostile peers that repeat what is signed together under a false signature: in some seeds with one, from draws of their own.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { drawsFrom } from './draws.ts'
import type { Fault, Scenario } from './scenario.ts'

/** Of the seeds with one. */
const SHARE = 0.3

export function withSpoiling(scenario: Scenario, seed: number): Scenario {
  // The first of such streams under which no pinned seed is changed.
  const draws = drawsFrom(seededRandom(`spoiling 17 ${seed}`))
  const hostile = scenario.faults.find((fault) => fault.kind === 'hostile')
  if (!draws.chance(SHARE) || hostile === undefined) return scenario
  const atMs = draws.whole(0, Math.floor((scenario.operations.at(-1)?.atMs ?? 0) / 2))
  const acts = [...hostile.acts, { atMs, act: 'spoil' as const }]
  const faults = scenario.faults.map((fault): Fault => (fault === hostile ? { ...hostile, acts } : fault))
  return { ...scenario, faults, marks: [...(scenario.marks ?? []), 'spoiling'] }
}
