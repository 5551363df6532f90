// How some seeds end in which what was lost stands again: checkpoints are so short that a later one says no more that it was. What
// stood for it meanwhile brought the same events. From draws of their own; only where clocks are right, nobody lies, and no other
// ending comes before.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { drawsFrom } from './draws.ts'
import { eventOf, writeOf } from './operations.ts'
import {
  ENDINGS,
  endOf,
  type Fault,
  HOSTILE,
  honestNodes,
  type Mark,
  remainingNodes,
  type Scenario,
} from './scenario.ts'

/** Of the seeds that may have it. */
const SHARE = 0.6
/** Contested ends are no place for it either. */
const OTHERS: readonly Mark[] = [...ENDINGS, 'contradicted', 'early cut', 'both out', 'out with a fellow']
const WRITERS_MIN = 4
/** What came before is pruned by then, but for less than a checkpoint takes. */
const CALM_MS = 12_000
const CHECKPOINT_MIN = 12
/** Two checkpoints. */
const RECENT_MAX = 2 * CHECKPOINT_MIN
/** With what was left one checkpoint or two, which name all behind what the lagging one built on. */
const TRICKLE = 18
const TRICKLE_EVERY_MS = 250
const ABSENT_MS = 6500
/** Who is cut off counts no more, and the others have pruned. */
const PRUNED_MS = 17_000
/** With what was left the third checkpoint: of what comes before it nobody says again that it was lost. */
const HEAP = 18
const HEAP_EVERY_MS = 10
const LAST_MS = PRUNED_MS + HEAP * HEAP_EVERY_MS + 150
/** Before anybody has looked at what may be pruned. */
const MET_MS = LAST_MS + 100

export function withStanding(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`standing ${seed}`))
  const isChosen = draws.chance(SHARE)
  const isOther = scenario.faults.some(({ kind }) => kind === 'skew' || kind === 'hostile')
  const hasEnding = scenario.marks?.some((mark) => OTHERS.includes(mark))
  const writers = remainingNodes(scenario).filter((name) => scenario.nodes.includes(name))
  if (!isChosen || isOther || hasEnding || scenario.app === 'order-sensitive' || writers.length < WRITERS_MIN)
    return scenario
  const [one = 'n0', ...others] = draws.some(writers, writers.length)
  return standingAgain(scenario, one, others)
}

/** One is cut off, and builds on what no checkpoint of the others contains. They meet when the checkpoint that ends before it is due. */
function standingAgain(scenario: Scenario, one: string, others: readonly string[]): Scenario {
  const { app } = scenario
  const atMs = endOf(scenario) + CALM_MS
  const byOthers = (count: number, id: string, everyMs: number, fromMs: number) =>
    Array.from({ length: count }, (_, at) =>
      writeOf(app, { node: others[at % others.length] ?? one, atMs: atMs + fromMs + everyMs * at, id: `${id} ${at}` }),
    )
  const operations = [
    writeOf(app, { node: one, atMs: atMs + 200, id: 'outside' }),
    ...byOthers(TRICKLE, 'trickle', TRICKLE_EVERY_MS, 500),
    ...byOthers(HEAP, 'heap', HEAP_EVERY_MS, PRUNED_MS),
    eventOf(app, { node: one, atMs: atMs + LAST_MS, id: 'lost' }),
  ]
  const rest = [...honestNodes(scenario), HOSTILE].filter((name) => name !== one)
  const apart: Fault = { kind: 'partition', sides: [[one], rest], silent: false, fromMs: atMs, untilMs: atMs + MET_MS }
  return {
    ...scenario,
    retention: { checkpointMin: CHECKPOINT_MIN, absentMs: ABSENT_MS, recentMax: RECENT_MAX },
    operations: [...scenario.operations, ...operations].sort((a, b) => a.atMs - b.atMs),
    faults: [...scenario.faults, apart],
    marks: [...(scenario.marks ?? []), 'stands again'],
  }
}
