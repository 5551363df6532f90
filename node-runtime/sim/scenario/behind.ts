// How some seeds end in which somebody is called while it waits for what another is to write again, and takes a state meanwhile: what
// was called is to be done once it may. From draws of their own; only where clocks are right, and nobody lies or goes.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { drawsFrom } from './draws.ts'
import { writeOf } from './operations.ts'
import {
  endOf,
  type Fault,
  honestNodes,
  markedInstead,
  type Operation,
  remainingNodes,
  type Scenario,
} from './scenario.ts'

/** Of the seeds that may have it. */
const SHARE = 0.7
const WRITERS_MIN = 5
/** What came before is pruned by then, or is not going to be. */
const CALM_MS = 12_000
const CHECKPOINT_MIN = 20
const ABSENT_MS = 6500
/** More than two checkpoints, while somebody is away for so long that it counts no more. */
const TRICKLE = 40
const TRICKLE_EVERY_MS = 400
const AWAY_MS = 18_000
/** It has the state of the others, and waits. */
const CALLED_MS = AWAY_MS + 4000
const AWAY_AGAIN_MS = AWAY_MS + 6500
const BACK_MS = AWAY_AGAIN_MS + 20_000
/** The one that it waits for is still taken for somebody who comes back. */
const LENGTH_MS = BACK_MS + 6000

/** Two are cut off together, and one builds on what the other wrote. It meets the rest alone, and they leave it behind once more. */
export function withBehind(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`behind ${seed}`))
  const isOther = scenario.faults.some(({ kind }) => kind === 'skew' || kind === 'hostile' || kind === 'removal')
  const writers = remainingNodes(scenario).filter((name) => scenario.nodes.includes(name))
  const isChosen = draws.chance(SHARE) && scenario.marks?.includes('unheard')
  if (!isChosen || isOther || writers.length < WRITERS_MIN) return scenario
  const [one = 'n0', two = 'n1', ...others] = draws.some(writers, writers.length)
  const atMs = endOf(scenario) + CALM_MS
  const write = (node: string, afterMs: number, id: string): Operation =>
    writeOf(scenario.app, { node, atMs: atMs + afterMs, id })
  const trickle = (fromMs: number, id: string) =>
    Array.from({ length: TRICKLE }, (_, at) =>
      write(others[at % others.length] ?? two, fromMs + TRICKLE_EVERY_MS * at, `${id} ${at}`),
    )
  const between = (fromMs: number, untilMs: number, ...sides: (readonly string[])[]): Fault => {
    return { kind: 'partition', sides, silent: false, fromMs: atMs + fromMs, untilMs: atMs + untilMs }
  }
  const rest = honestNodes(scenario).filter((name) => name !== one && name !== two)
  const operations = [
    write(two, 400, 'built on'),
    ...[900, 1100].map((afterMs) => write(one, afterMs, `behind ${afterMs}`)),
    ...trickle(500, 'trickle'),
    ...[0, 700, 1400].map((afterMs) => write(one, CALLED_MS + afterMs, `called ${afterMs}`)),
    ...trickle(AWAY_AGAIN_MS + 500, 'trickle again'),
  ]
  const faults = [
    between(0, AWAY_MS, [one], rest),
    between(0, LENGTH_MS, [two], rest),
    between(AWAY_MS, LENGTH_MS, [one], [two]),
    between(AWAY_AGAIN_MS, BACK_MS, [one], rest),
  ]
  return {
    ...scenario,
    retention: { checkpointMin: CHECKPOINT_MIN, absentMs: ABSENT_MS },
    operations: [...scenario.operations, ...operations].sort((a, b) => a.atMs - b.atMs),
    faults: [...scenario.faults, ...faults],
    marks: markedInstead(scenario, 'unheard', 'called behind'),
  }
}
