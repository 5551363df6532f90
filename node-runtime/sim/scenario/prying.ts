// Strangers that ask for what members have: in some seeds with a stranger, from draws of their own.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { drawsFrom } from './draws.ts'
import type { Fault, Scenario } from './scenario.ts'

/** Of the seeds with one. */
const SHARE = 0.4

export function withPrying(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`prying ${seed}`))
  const hostile = scenario.faults.find((fault) => fault.kind === 'hostile')
  if (!draws.chance(SHARE) || hostile === undefined || hostile.member) return scenario
  const atMs = draws.whole(0, scenario.operations.at(-1)?.atMs ?? 0)
  const acts = [...hostile.acts, { atMs, act: 'pry' as const }]
  const faults = scenario.faults.map((fault): Fault => (fault === hostile ? { ...hostile, acts } : fault))
  return { ...scenario, faults, marks: [...(scenario.marks ?? []), 'prying'] }
}
