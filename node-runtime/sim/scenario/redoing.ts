// How some seeds end in which somebody that has taken a peer's state takes back what it applied on it, and applies it again: for
// what sorts earlier and comes late, where an application applies its own deltas, or because the author of some of it was removed.
// From draws of their own; only where clocks are right, nobody lies, and nobody else is removed.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { drawsFrom } from './draws.ts'
import { writeOf } from './operations.ts'
import { mayPruneBy } from './retention.ts'
import { endOf, type Fault, HOSTILE, honestNodes, type Mark, type Operation, type Scenario } from './scenario.ts'

/** Of the seeds that may have it. */
const SHARE = 0.98
/** Endings that nothing may come after: it would tell what they keep from somebody. */
const KEPT: readonly Mark[] = ['unheard', 'called behind', 'key unheard of', 'no key fits', 'asked in vain', 'new key']
const NODES_MIN = 5
/** What came before is pruned by then, or is not going to be. */
const CALM_MS = 12_000
const RETENTION = { checkpointMin: 20, absentMs: 6500 }
/** More than a checkpoint takes, while somebody is away for so long that it counts no more. */
const TRICKLE = 40
const TRICKLE_EVERY_MS = 400
const AWAY_MS = 18_000
/** It has the state of the others, and what was written since. */
const APART_MS = AWAY_MS + 8000
const REMOVED_MS = APART_MS + 4000
/** Sooner than those who are apart count as absent. */
const HEALED_MS = APART_MS + 6000
/** Of each side, in turns: what is taken back is deeper than a few deltas. */
const WRITES = 8
const WRITES_EVERY_MS = 150
/** Who is apart has found the others there. */
const MET_MS = 1500

export function withRedoing(scenario: Scenario, seed: number): Scenario {
  // The first of such streams under which no pinned seed is changed.
  const draws = drawsFrom(seededRandom(`redoing 1 ${seed}`))
  const { app, nodes, faults, marks = [] } = scenario
  const isOther = faults.some(({ kind }) => ['skew', 'hostile', 'removal', 'upgrade'].includes(kind))
  const isKept = marks.some((mark) => KEPT.includes(mark)) || !mayPruneBy(RETENTION, scenario)
  if (!draws.chance(SHARE) || isOther || isKept || nodes.length < NODES_MIN) return scenario
  const [owner = 'n0'] = nodes
  const [one = 'n1', out = 'n2', fellow = 'n3', ...others] = draws.some(nodes.slice(1), nodes.length - 1)
  const atMs = endOf(scenario) + CALM_MS
  const write = (node: string, afterMs: number, id: string): Operation =>
    writeOf(app, { node, atMs: atMs + afterMs, id })
  const between = (fromMs: number, untilMs: number, some: readonly string[]): Fault => {
    const rest = [...honestNodes(scenario), HOSTILE].filter((name) => !some.includes(name))
    return {
      kind: 'partition',
      sides: [[...some], rest],
      silent: false,
      fromMs: atMs + fromMs,
      untilMs: atMs + untilMs,
    }
  }
  const by = [owner, out, fellow, ...others]
  const operations = [
    ...Array.from({ length: TRICKLE }, (_, at) =>
      write(by[at % by.length] ?? owner, 500 + TRICKLE_EVERY_MS * at, `trickle ${at}`),
    ),
    ...Array.from({ length: WRITES }, (_, at) =>
      [out, one, owner].map((node, of) =>
        write(node, APART_MS + MET_MS + WRITES_EVERY_MS * at + 40 * of, `apart ${node} ${at}`),
      ),
    ).flat(),
  ]
  const removal: Fault[] =
    app === 'order-sensitive' ? [] : [{ kind: 'removal', node: out, by: owner, atMs: atMs + REMOVED_MS }]
  return {
    ...scenario,
    retention: RETENTION,
    operations: [...scenario.operations, ...operations].sort((a, b) => a.atMs - b.atMs),
    faults: [...faults, between(0, AWAY_MS, [one]), between(APART_MS, HEALED_MS, [one, out, fellow]), ...removal],
    marks: [...marks, 'redone'],
  }
}
