// How some seeds end in which what was lost stands again: checkpoints are so short that a later one says no more that it was. What
// was written again in its place is to count in the end, once. From draws of their own; only where clocks are right, nobody lies, and no other
// ending comes before.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { type Draws, drawsFrom } from './draws.ts'
import { countOf, eventOf, writeOf } from './operations.ts'
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
/** More than a checkpoint names, and takes besides. */
const LONG_HEAP = 48
const LONG_SHARE = 0.5
/** Of the seeds that may have it, those where what is lost was built on another author's, and not on its own author's. */
const PAIR_SHARE = 0.15
/** Without the two most of them are left. */
const PAIR_WRITERS_MIN = 5

export function withStanding(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`standing ${seed}`))
  const isChosen = draws.chance(SHARE)
  const writers = writersOf(scenario)
  if (!isChosen || !isFree(scenario) || writers.length < WRITERS_MIN) return scenario
  const [one = 'n0', ...others] = draws.some(writers, writers.length)
  return standingAgain(scenario, draws, { away: [one], others })
}

export function withStandingPair(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`standing pair ${seed}`))
  const isChosen = draws.chance(PAIR_SHARE)
  const writers = writersOf(scenario)
  if (!isChosen || !isFree(scenario) || writers.length < PAIR_WRITERS_MIN) return scenario
  const [one = 'n0', two = 'n1', ...others] = draws.some(writers, writers.length)
  return standingAgain(scenario, draws, { away: [one, two], others })
}

function writersOf(scenario: Scenario): string[] {
  return remainingNodes(scenario).filter((name) => scenario.nodes.includes(name))
}

function isFree({ app, faults, marks }: Scenario): boolean {
  if (app === 'order-sensitive' || faults.some(({ kind }) => kind === 'skew' || kind === 'hostile')) return false
  return marks?.some((mark) => OTHERS.includes(mark)) !== true
}

interface Sides {
  /** Cut off together: the first writes what is to be lost, on what the last has written. */
  readonly away: readonly string[]
  readonly others: readonly string[]
}

/**
 * One is cut off, alone or with another, and builds on what the last of them has written, which no checkpoint of the others contains.
 * They meet when the checkpoint that ends before it is due, in some seeds after so much more that the first one is named no more while
 * what was written again is still here. What follows on from its author's own lost one never stands again.
 */
function standingAgain(scenario: Scenario, draws: Draws, { away, others }: Sides): Scenario {
  const { app } = scenario
  const [one = 'n0', last = one] = away
  const atMs = endOf(scenario) + CALM_MS
  const isLong = draws.chance(LONG_SHARE)
  const byOthers = (count: number, id: string, everyMs: number, fromMs: number) =>
    Array.from({ length: count }, (_, at) =>
      writeOf(app, { node: others[at % others.length] ?? one, atMs: atMs + fromMs + everyMs * at, id: `${id} ${at}` }),
    )
  const operations = [
    writeOf(app, { node: last, atMs: atMs + 200, id: 'outside' }),
    ...byOthers(TRICKLE, 'trickle', TRICKLE_EVERY_MS, 500),
    ...byOthers(HEAP, 'heap', HEAP_EVERY_MS, PRUNED_MS),
    eventOf(app, { node: one, atMs: atMs + LAST_MS, id: 'lost' }),
    ...(isLong ? [countOf(app, { node: one, atMs: atMs + LAST_MS + 5 })] : []),
    ...(isLong ? byOthers(LONG_HEAP, 'long heap', HEAP_EVERY_MS, LAST_MS + 20) : []),
  ]
  // Before anybody has looked at what may be pruned.
  const metMs = atMs + LAST_MS + 100 + (isLong ? LONG_HEAP * HEAP_EVERY_MS : 0)
  const all = [...honestNodes(scenario), HOSTILE]
  const rest = all.filter((name) => !away.includes(name))
  const apart = { kind: 'partition' as const, sides: [[...away], rest], silent: false, fromMs: atMs, untilMs: metMs }
  const half = others.slice(Math.ceil(others.length / 2))
  const halves = [half, rest.filter((name) => !half.includes(name))]
  const faults: Fault[] = [
    apart,
    // Nothing of it is pruned before all are back.
    ...(isLong ? [{ ...apart, sides: halves, fromMs: atMs + PRUNED_MS }] : []),
  ]
  return {
    ...scenario,
    retention: { checkpointMin: CHECKPOINT_MIN, absentMs: ABSENT_MS, recentMax: RECENT_MAX },
    operations: [...scenario.operations, ...operations].sort((a, b) => a.atMs - b.atMs),
    faults: [...scenario.faults, ...faults],
    marks: [...(scenario.marks ?? []), 'stands again'],
  }
}
