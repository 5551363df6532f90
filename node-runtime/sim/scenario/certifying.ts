// How some seeds end in which a checkpoint has a hard time to be certified: it needs the word of each member that tells the truth, or
// it is certified a second time, under other governance, by those who have not heard that it was. From draws of their own.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { drawsFrom } from './draws.ts'
import { writeOf } from './operations.ts'
import {
  endOf,
  type Fault,
  HOSTILE,
  honestNodes,
  markedInstead,
  type Operation,
  remainingNodes,
  type Scenario,
} from './scenario.ts'

/** Of the seeds that may have it. */
const EVERY_WORD_SHARE = 0.7
const TWICE_SHARE = 0.6
const WRITERS = 5
/** Further than what others say on a wrong clock is believed. */
const AHEAD_MS = [120_000, 280_000] as const
/** Each step is one checkpoint: the least deltas that one takes. */
const STEP = 5
/** As a node does that nothing is said to: more often, a word that is not said is heard by chance. */
const ROUND_MS = 10_000
/** The one that is away has heard of the others by then, so that they wait for it. */
const FIRST_MS = 500
const ABSENT_MS = 8000
/** What came before is at rest by then. */
const CALM_MS = 12_000
/** So many that with what was left there is one more, and mostly not two. */
const CHECKPOINT_MIN = 40
const TRICKLE = 41
const TRICKLE_MS = 6400
/** Before it is cut off: it is waited for that long, however seldom rounds are. */
const HEARD_MS = 300
/** All have the trickle, and have said so; nobody has been quiet for longer than that. */
const APART_MS = 7200
/** Who was cut off counts no more: each of the others writes, so that it looks again what can go. */
const ALONE_MS = 8400
/** The one that hears of all others has pruned. */
const PRUNED_MS = 15_000
const BACK_MS = PRUNED_MS + 1500
/** The others meet again, and have forgotten what they had vouched for. */
const MET_MS = 20_000
/** They have pruned, too, and do not know any more which root there is beneath: the later one of the two may be either. */
const PRUNED_TOO_MS = 34_000
const LENGTH_MS = 36_000

/**
 * Of six that may write one lies and one has a clock that nobody believes: most of them are all others. One of these is away until history is
 * long: each step that waits for a word that is said no more comes a round later.
 */
export function withEveryWord(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`every word ${seed}`))
  const { nodes, faults } = scenario
  const hostile = faults.find((fault) => fault.kind === 'hostile')
  const isOther = faults.some(({ kind }) => kind === 'late' || kind === 'removal')
  const isChosen = draws.chance(EVERY_WORD_SHARE) && hostile?.member === true && nodes.length === WRITERS
  if (!isChosen || isOther || scenario.app === 'order-sensitive' || scenario.marks?.includes('early cut'))
    return scenario
  const [wrong = 'n0', away = 'n1'] = draws.some(nodes, 2)
  const skew: Fault = { kind: 'skew', node: wrong, atMs: 0, skewMs: draws.whole(...AHEAD_MS) }
  const sides = [[away], [...nodes, HOSTILE].filter((name) => name !== away)]
  const apart: Fault = {
    kind: 'partition',
    sides,
    silent: false,
    fromMs: FIRST_MS,
    untilMs: endOf(scenario) + FIRST_MS,
  }
  const rest = faults.filter((fault) => fault.kind !== 'skew')
  const made = {
    ...scenario,
    retention: { checkpointMin: STEP, absentMs: ABSENT_MS },
    sync: { everyMs: ROUND_MS, gapMs: scenario.sync.gapMs },
    faults: [skew, ...rest, apart],
  }
  return { ...made, marks: [...(scenario.marks ?? []), 'every word'] }
}

/**
 * Nothing goes while one is heard of that lacks it; then all others are apart. One alone hears what they vouch for, and prunes. The others forget, in new processes, what they
 * had said, hear of something new in the log, and vouch for the same history once more: that is another checkpoint, of nothing more.
 */
export function withCertifiedTwice(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`certified twice ${seed}`))
  const isOther = scenario.faults.some(({ kind }) => kind === 'skew' || kind === 'hostile')
  const writers = remainingNodes(scenario).filter((name) => scenario.nodes.includes(name))
  const isChosen = draws.chance(TWICE_SHARE) && scenario.marks?.includes('even sides')
  if (!isChosen || isOther || writers.length < WRITERS) return scenario
  const [owner = 'n0'] = scenario.nodes
  const [pruner = 'n1', lacking = 'n2'] = draws.some(
    writers.filter((name) => name !== owner),
    2,
  )
  const by = writers.filter((name) => name !== lacking)
  const rest = honestNodes(scenario).filter((name) => name !== pruner && name !== lacking)
  const atMs = endOf(scenario) + CALM_MS
  const between = (fromMs: number, untilMs: number, ...sides: (readonly string[])[]): Fault => {
    return { kind: 'partition', sides, silent: false, fromMs: atMs + fromMs, untilMs: atMs + untilMs }
  }
  const restart = (node: string, afterMs: number): Fault => {
    return { kind: 'restart', node, atMs: atMs + afterMs, downMs: 1, clean: false }
  }
  const write = (node: string, afterMs: number, id: string): Operation =>
    writeOf(scenario.app, { node, atMs: atMs + afterMs, id })
  const trickle = Array.from({ length: TRICKLE }, (_, at): Operation => {
    const node = by[at % by.length] ?? owner
    return write(node, Math.floor((TRICKLE_MS * at) / TRICKLE), `twice ${at}`)
  })
  const written = [
    write(lacking, -HEARD_MS, 'heard'),
    ...trickle,
    ...[pruner, ...rest].filter((name) => writers.includes(name)).map((name) => write(name, ALONE_MS, `alone ${name}`)),
  ]
  const faults: Fault[] = [
    between(0, MET_MS, [lacking], rest),
    between(0, LENGTH_MS, [lacking], [pruner]),
    between(APART_MS, MET_MS, ...rest.map((name) => [name])),
    { kind: 'one-way', from: [pruner], to: rest, fromMs: atMs + APART_MS, untilMs: atMs + BACK_MS },
    between(PRUNED_MS, LENGTH_MS, [pruner], rest),
    { kind: 'chore', node: owner, chore: 'rename', pick: 2, atMs: atMs + PRUNED_MS + 500 },
    ...[pruner, ...rest].map((node) => restart(node, BACK_MS)),
    ...[lacking, ...rest].map((node) => restart(node, PRUNED_TOO_MS)),
  ]
  return {
    ...scenario,
    retention: { checkpointMin: CHECKPOINT_MIN, absentMs: ABSENT_MS },
    operations: [...scenario.operations, ...written].sort((a, b) => a.atMs - b.atMs),
    faults: [...scenario.faults, ...faults],
    marks: markedInstead(scenario, 'even sides', 'certified twice'),
  }
}
