// How some seeds end in which two checkpoints contradict each other, or somebody names an early cut for one: what counts then is
// whose word a checkpoint has. From draws of their own; only where no other ending comes before or after.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { type Draws, drawsFrom } from './draws.ts'
import { writeOf } from './operations.ts'
import {
  ENDINGS,
  endOf,
  type Fault,
  honestNodes,
  type Mark,
  type Operation,
  remainingNodes,
  type Scenario,
} from './scenario.ts'

/** Of the seeds that may have it. */
const CONTRADICTED_SHARE = 0.7
/** Of the others that may have it. */
const OUT_SHARE = 0.6
/** Of the seeds with a hostile member. */
const EARLY_CUT_SHARE = 0.6
/** Of the seeds that end with even sides, and may have it. */
const FELLOW_SHARE = 0.6
const WRITERS_MIN = 5
/** What came before is at rest by then. */
const CALM_MS = 12_000
/** So many that those who write without a pause have one checkpoint more, and mostly not two. */
const CHECKPOINT_MIN = 40
const TRICKLE = 44
const TRICKLE_MS = 6400
const ABSENT_MS = 8000
/** All but one have the trickle, and have said so; nobody has been quiet for longer than that. */
const APART_MS = 7200
/** Who was cut off counts no more. */
const ALONE_MS = 8400
/** The one that hears of all others has pruned. */
const PRUNED_MS = 15_000
/** Whoever was apart has met again whom the others had not heard of, one by one, so that none hears of the others first. */
const MET_MS = 20_000
/** They have pruned, too. */
const LENGTH_MS = 34_000
const WIND_MS = 12_000
/** Whoever has less than others of who is taken out has said so; what has more to say hears of it then. */
const HEARS_MS = 9000
/** It has said that, and lost the context itself, of which it has not heard. */
const SAID_MS = 20_000
const BACK_MS = 30_000

export function withContested(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`contested ${seed}`))
  const isChosen = { contradicted: draws.chance(CONTRADICTED_SHARE), early: draws.chance(EARLY_CUT_SHARE) }
  const isOut = draws.chance(OUT_SHARE)
  if (scenario.marks?.some((mark) => ENDINGS.includes(mark))) return scenario
  const hostile = scenario.faults.find((fault) => fault.kind === 'hostile')
  // Who comes late, and so perhaps has nothing yet to judge it by, takes what the few of an early cut say (ADR 0012).
  const isLate = scenario.faults.some(({ kind }) => kind === 'late')
  if (hostile) return isChosen.early && hostile.member && !isLate ? withEarlyCut(scenario, hostile) : scenario
  const isSkewed = scenario.faults.some(({ kind }) => kind === 'skew')
  const writers = remainingNodes(scenario).filter((name) => scenario.nodes.includes(name))
  if (writers.length < WRITERS_MIN) return scenario
  if (isChosen.contradicted && !isSkewed) return contradicted(scenario, draws.some(writers, writers.length), draws)
  if (!isOut || scenario.faults.some(({ kind }) => kind === 'removal')) return scenario
  return bothOut(scenario, draws.some(writers.slice(1), writers.length - 1), draws.chance(0.5))
}

/** Behind another ending, and where all that was accepted is still there in the end. */
export function withFellow(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`fellow 2 ${seed}`))
  const { nodes, retention: _, ...rest } = scenario
  const isChosen = draws.chance(FELLOW_SHARE) && scenario.marks?.includes('even sides')
  const isOther = scenario.faults.some(({ kind }) => kind === 'skew' || kind === 'hostile' || kind === 'removal')
  if (!isChosen || isOther || nodes.length < WRITERS_MIN) return scenario
  const marks = scenario.marks?.filter((mark) => mark !== 'even sides') ?? []
  return bothOut({ ...rest, nodes, marks }, draws.some(nodes.slice(1), nodes.length - 1), true)
}

/**
 * One is cut off, and writes. Of the others all vouch for the next checkpoint without that, and one alone hears of it, and
 * prunes; then that one is alone, and the rest have what was written, and prune with it. The later of the two checkpoints counts,
 * and contradicts the earlier one: what the first wrote, and has pruned, is not in it.
 */
function contradicted(scenario: Scenario, [one = 'n0', pruner = 'n1', ...others]: string[], draws: Draws): Scenario {
  const { app } = scenario
  const atMs = endOf(scenario) + CALM_MS
  const rest = honestNodes(scenario).filter((name) => name !== one && name !== pruner)
  const between = (fromMs: number, untilMs: number, ...sides: (readonly string[])[]): Fault => ({
    kind: 'partition',
    sides,
    silent: false,
    fromMs: atMs + fromMs,
    untilMs: atMs + untilMs,
  })
  const write = (node: string, afterMs: number, id: string): Operation =>
    writeOf(app, { node, atMs: atMs + afterMs, id })
  const by = [...others, pruner]
  const own = Array.from({ length: draws.whole(1, 4) }, (_, at) => write(one, 300 + 40 * at, `one ${at}`))
  const trickle = Array.from({ length: TRICKLE }, (_, at) =>
    write(by[at % by.length] ?? one, 500 + Math.floor((TRICKLE_MS * at) / TRICKLE), `trickle ${at}`),
  )
  const operations = [...own, ...trickle, ...others.map((name) => write(name, ALONE_MS, `apart ${name}`))]
  const faults: Fault[] = [
    between(0, PRUNED_MS, [one], rest),
    between(0, LENGTH_MS, [one], [pruner]),
    between(APART_MS, MET_MS, ...rest.map((name) => [name])),
    { kind: 'one-way', from: [pruner], to: rest, fromMs: atMs + APART_MS, untilMs: atMs + PRUNED_MS + 1000 },
    between(PRUNED_MS, LENGTH_MS, [pruner], rest),
  ]
  return marked(
    {
      ...scenario,
      retention: { checkpointMin: CHECKPOINT_MIN, absentMs: ABSENT_MS },
      operations: [...scenario.operations, ...operations].sort((a, b) => a.atMs - b.atMs),
      faults: [...scenario.faults, ...faults],
    },
    'contradicted',
  )
}

/**
 * One loses the context, and another, who alone or with a fellow has its last words, says so, and loses the context itself
 * meanwhile: that one's word counts for nothing, and its fellow says it again.
 */
function bothOut(
  scenario: Scenario,
  [one = 'n1', witness = 'n2', third = 'n3', helper = 'n4']: string[],
  hasFellow: boolean,
): Scenario {
  const { app, nodes } = scenario
  const [by = 'n0'] = nodes
  const atMs = endOf(scenario) + CALM_MS
  const apart = (fromMs: number, untilMs: number, side: readonly string[], without: readonly string[] = []): Fault => {
    const rest = honestNodes(scenario).filter((name) => !side.includes(name) && !without.includes(name))
    return { kind: 'partition', sides: [side, rest], silent: false, fromMs: atMs + fromMs, untilMs: atMs + untilMs }
  }
  const knowing = hasFellow ? [witness, third] : [witness]
  const words = [500, 800, 1100].map((afterMs) =>
    writeOf(app, { node: one, atMs: atMs + afterMs, id: `last word ${afterMs}` }),
  )
  const removal = (node: string, afterMs: number): Fault => ({
    kind: 'removal',
    node,
    by,
    atMs: atMs + afterMs,
    how: 'right',
  })
  const faults: Fault[] = [
    apart(0, HEARS_MS, [one, ...knowing]),
    removal(one, 2000),
    apart(HEARS_MS, BACK_MS, [one]),
    apart(HEARS_MS, SAID_MS, [...knowing, helper], [one]),
    removal(witness, HEARS_MS + 1000),
  ]
  const made = {
    ...scenario,
    operations: [...scenario.operations, ...words],
    faults: [...scenario.faults, ...faults],
  }
  return marked(made, hasFellow ? 'out with a fellow' : 'both out')
}

/** When all have all, the hostile member and whoever made the context say together that it has another state. */
function withEarlyCut(scenario: Scenario, hostile: Extract<Fault, { kind: 'hostile' }>): Scenario {
  const atMs = endOf(scenario) + CALM_MS
  const acts = [...hostile.acts, { atMs, act: 'early-cut' as const }]
  const faults = scenario.faults.map((fault): Fault => (fault === hostile ? { ...hostile, acts } : fault))
  // A little wind: while it blows the faults are not over.
  const wind: Fault = { kind: 'delay', maxMs: 20, fromMs: atMs, untilMs: atMs + WIND_MS }
  return marked({ ...scenario, faults: [...faults, wind] }, 'early cut')
}

function marked(scenario: Scenario, mark: Mark): Scenario {
  return { ...scenario, marks: [...(scenario.marks ?? []), mark] }
}
