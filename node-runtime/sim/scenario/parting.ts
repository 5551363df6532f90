// How some seeds end in which two parts of a group cannot take each other's state: most prune behind a partition what the others
// never had, while these let two in and remove one of the first. From draws of their own; only where clocks are right, nobody
// lies, and nobody else comes or goes.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { drawsFrom } from './draws.ts'
import { eventOf, writeOf } from './operations.ts'
import { mayPruneBy } from './retention.ts'
import { endOf, type Fault, LATE_NODE, type Mark, type Operation, type Scenario } from './scenario.ts'

/** Of the seeds that may have it. */
const SHARE = 0.9
/** Endings that nothing may come after: it would tell what they keep from somebody. */
const KEPT: readonly Mark[] = ['unheard', 'called behind', 'key unheard of', 'no key fits', 'asked in vain', 'new key']
const NODES = 5
/** What came before is pruned by then, or is not going to be. */
const CALM_MS = 12_000
const RETENTION = { checkpointMin: 12, absentMs: 6500, recentMax: 36 }
/** So many that those who prune are not half any more. */
const LET_IN = [LATE_NODE, 'n8']
const LET_IN_MS = 1000
const REMOVED_MS = 4000
/** Who was cut off counts no more for those who prune; what they prune sorts behind what the others have written first. */
const APART_MS = 9000
/** More than one checkpoint, and no more than it names: what else it has pruned nobody could write again (ADR 0012). */
const TRICKLE = 20
const SHOWN = 3
const TRICKLE_EVERY_MS = 300
/** The others prune, too, and name nothing so old any more as what the first have pruned. */
const GROWN_TRICKLE = 60
const HEALED_MS = 34_000
/** Longer after that than rounds may take to bring what the first have pruned. */
const AFTER_MS = HEALED_MS + 36_000
const AFTER_EVERY_MS = 6000
const AFTER = 4

export function withParting(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`parting ${seed}`))
  const [isChosen, hasGrown] = [draws.chance(SHARE), draws.chance(0.5)]
  const { app, nodes, faults, marks = [] } = scenario
  const isOther = faults.some(({ kind }) => ['skew', 'hostile', 'removal', 'late', 'upgrade'].includes(kind))
  const isKept = marks.some((mark) => KEPT.includes(mark)) || !mayPruneBy(RETENTION, scenario)
  if (!isChosen || isOther || isKept || nodes.length !== NODES) return scenario
  const [owner = 'n0'] = nodes
  const [fellow = 'n1', out = 'n2', ...others] = draws.some(nodes.slice(1), NODES - 1)
  const grown = [owner, fellow, ...LET_IN]
  const atMs = endOf(scenario) + CALM_MS
  const write = (node: string, afterMs: number, id: string, make = writeOf): Operation =>
    make(app, { node, atMs: atMs + afterMs, id })
  const trickle = (by: readonly string[], count: number, id: string, make?: typeof writeOf) =>
    Array.from({ length: count }, (_, at) =>
      write(by[at % by.length] ?? owner, APART_MS + TRICKLE_EVERY_MS * at, `${id} ${at}`, make),
    )
  // What others handle once, though it is written again; who handles it writes, too.
  const shown = app === 'order-sensitive' ? [] : trickle(others, SHOWN, 'shown', eventOf)
  const operations = [
    ...[LET_IN_MS + 3000, REMOVED_MS + 1000].map((afterMs) => write(owner, afterMs, `grown ${afterMs}`)),
    ...trickle(others, TRICKLE, 'most'),
    ...shown,
    ...(hasGrown ? trickle(grown, GROWN_TRICKLE, 'grown') : []),
    ...Array.from({ length: AFTER }, (_, at) =>
      write(at % 2 === 0 ? fellow : owner, AFTER_MS + AFTER_EVERY_MS * at, `after ${at}`),
    ),
  ]
  const parted: Fault[] = [
    {
      kind: 'partition',
      sides: [grown, [out, ...others]],
      silent: false,
      fromMs: atMs,
      untilMs: atMs + HEALED_MS,
    },
    ...LET_IN.map((node): Fault => ({ kind: 'late', node, via: owner, atMs: atMs + LET_IN_MS })),
    { kind: 'removal', node: out, by: owner, atMs: atMs + REMOVED_MS },
  ]
  const mark: Mark = hasGrown ? 'parted and grown' : 'parted'
  return {
    ...scenario,
    retention: RETENTION,
    operations: [...scenario.operations, ...operations].sort((a, b) => a.atMs - b.atMs),
    faults: [...faults, ...parted],
    marks: [...marks, mark],
  }
}
