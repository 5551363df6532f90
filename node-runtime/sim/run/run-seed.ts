// A scenario run and judged: a plain report that crosses threads.
import { checkEnd } from '../check.ts'
import type { Violation } from '../checkers/violation.ts'
import { writesAttempted } from '../record/attempted.ts'
import { Trace } from '../record/trace.ts'
import { type AppName, type FaultKind, HOSTILE, type Scenario } from '../scenario/scenario.ts'
import { simulate } from './simulation.ts'

export interface RunReport {
  readonly seed: string
  readonly app: AppName
  readonly nodes: number
  /** Calls that were made, and those that nobody was up for. */
  readonly operations: number
  /** Writes that members were called for. */
  readonly attempted: number
  readonly acknowledged: number
  /** Places of the operations that nobody was called for. */
  readonly leftOut: readonly number[]
  /** Faults that did something. */
  readonly faults: readonly FaultKind[]
  readonly violations: readonly Violation[]
  /** Hash of everything that was seen: the same for every run of the scenario. */
  readonly trace: string
  /** The most deltas taken back for one arrival. */
  readonly deepestUndo: number
  /** Deltas that count nowhere in the end, because their author was removed. */
  readonly voids: number
  /** How often history was pruned, and how often a node that was there from the start took a peer's state instead. */
  readonly prunings: number
  readonly overtaken: number
  readonly redoneAfterAdoption: boolean
  /** How often what was removed went with history, and how much was written again above that. */
  readonly sweeps: number
  readonly writtenAbove: number
  /** True time in the run. */
  readonly simulatedMs: number
}

/** `keep`: the lines of the trace, too. */
export async function runScenario(
  scenario: Scenario,
  keep = false,
): Promise<{ report: RunReport; lines: readonly string[] }> {
  const trace = new Trace(keep)
  const end = await simulate(scenario, trace)
  const { violations, voids, writtenAbove } = await checkEnd(end)
  await end.world.close()
  const { attempts, faults, undoing, prunings, adoptions } = end.history
  const total = (counts: Iterable<number>) => [...counts].reduce((sum, count) => sum + count, 0)
  const report: RunReport = {
    seed: scenario.seed,
    app: scenario.app,
    nodes: scenario.nodes.length,
    operations: attempts.filter(({ operation }) => operation.node !== HOSTILE).length + end.history.leftOut.length,
    attempted: writesAttempted(end.history),
    acknowledged: attempts.filter(({ outcome }) => outcome === 'acknowledged').length,
    leftOut: end.history.leftOut.map((operation) => scenario.operations.indexOf(operation)),
    faults: [...faults],
    violations,
    trace: trace.digest(),
    deepestUndo: undoing.deepest,
    voids,
    prunings: total(prunings.values()),
    overtaken: total(scenario.nodes.map((name) => adoptions.get(name)?.length ?? 0)),
    redoneAfterAdoption: undoing.redoneAfterAdoption,
    sweeps: end.history.sweeps,
    writtenAbove,
    simulatedMs: end.tookMs,
  }
  return { report, lines: trace.lines }
}
