// How some seeds end in which only one has what a removed member wrote last, and had acknowledged before all that sorts behind it:
// nobody may prune past that before its word has come. From draws of their own; behind the ending that is most frequent.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { drawsFrom } from './draws.ts'
import { writeOf } from './operations.ts'
import { mayPruneBy } from './retention.ts'
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
const SHARE = 0.9
const WRITERS_MIN = 5
/** What keeps it from others, or changes who may say so. */
const OTHERS: readonly Fault['kind'][] = ['removal', 'hostile', 'upgrade']
/** What came before is at rest by then. */
const CALM_MS = 12_000
/** So few that what comes behind the last words is enough for a checkpoint; and nobody is away for too long, by whatever clock. */
const RETENTION = { checkpointMin: 12, absentMs: 900_000 }
const WORDS = 3
const TRICKLE = 30
const TRICKLE_MS = 3000
/** All but one have all that sorts behind its words, and have said so. */
const MET_MS = 8000
/** The witness has the words. */
const REMOVED_MS = 14_000
/** Whoever could prune without it has done so. */
const BACK_MS = 32_000
const LENGTH_MS = 48_000
/** They look at what they could prune five seconds after the first of these: just when the witness is back. */
const LAST = 8
const LAST_MS = [2500, 4500] as const

export function withAccepting(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`accepting ${seed}`))
  const { app, nodes, operations, faults, marks = [] } = scenario
  const isOther = !marks.includes('handler crash') || faults.some(({ kind }) => OTHERS.includes(kind))
  const writers = remainingNodes(scenario).filter((name) => nodes.includes(name))
  if (!draws.chance(SHARE) || isOther || !mayPruneBy(RETENTION, scenario) || writers.length < WRITERS_MIN)
    return scenario
  const [by = 'n0'] = nodes
  const [one = 'n1', witness = 'n2', ...others] = draws.some(writers.slice(1), writers.length - 1)
  const atMs = endOf(scenario) + CALM_MS
  const rest = honestNodes(scenario).filter((name) => name !== one)
  const apart = (fromMs: number, untilMs: number, ...sides: (readonly string[])[]): Fault => ({
    kind: 'partition',
    sides,
    silent: false,
    fromMs: atMs + fromMs,
    untilMs: atMs + untilMs,
  })
  const write = (node: string, afterMs: number, id: string): Operation =>
    writeOf(app, { node, atMs: atMs + afterMs, id })
  const words = Array.from({ length: WORDS }, (_, at) => write(one, 200 + 100 * at, `word ${at}`))
  const callers = [by, witness, ...others]
  const trickle = Array.from({ length: TRICKLE }, (_, at) =>
    write(callers[at % callers.length] ?? by, 1000 + Math.floor((TRICKLE_MS * at) / TRICKLE), `behind ${at}`),
  )
  const lastMs = draws.whole(...LAST_MS)
  const last = Array.from({ length: LAST }, (_, at) =>
    write(
      [by, ...others][at % (others.length + 1)] ?? by,
      BACK_MS - lastMs + Math.floor((lastMs * at) / LAST),
      `last ${at}`,
    ),
  )
  const ending: Fault[] = [
    apart(0, MET_MS, [one], rest),
    apart(
      MET_MS,
      BACK_MS,
      [one, witness],
      rest.filter((name) => name !== witness),
    ),
    apart(BACK_MS, LENGTH_MS, [one], rest),
    { kind: 'removal', node: one, by, atMs: atMs + REMOVED_MS, how: 'right' },
  ]
  return {
    ...scenario,
    retention: RETENTION,
    operations: [...operations, ...words, ...trickle, ...last].sort((a, b) => a.atMs - b.atMs),
    faults: [...faults, ...ending],
    marks: markedInstead(scenario, 'handler crash', 'accepted behind'),
  }
}
