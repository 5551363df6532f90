// What comes behind an ending may say anew when history is pruned, for the whole of the run. Here is where it may not.
import type { Mark, Scenario } from './scenario.ts'

/** These come about with just the checkpoints that they ask for: so many deltas each, by members away for so long, naming so many. */
const TIMED_BY_CHECKPOINTS: readonly Mark[] = [
  'deaf',
  'alone',
  'steady',
  'overtaken',
  'overtaken pair',
  'stands again',
  'contradicted',
  'certified twice',
  'called behind',
  'parted',
  'parted and grown',
]

/** True where nothing that is in a scenario comes about by checkpoints of another size. */
export function mayPruneBy(retention: NonNullable<Scenario['retention']>, scenario: Scenario): boolean {
  if (!scenario.marks?.some((mark) => TIMED_BY_CHECKPOINTS.includes(mark))) return true
  const { checkpointMin, absentMs, recentMax } = scenario.retention ?? {}
  return (
    checkpointMin === retention.checkpointMin && absentMs === retention.absentMs && recentMax === retention.recentMax
  )
}
