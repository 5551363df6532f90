// More faults in some seeds, from draws of their own: so that every pair of them is in enough seeds, and not only in as many as three
// to six kinds of fourteen make by chance.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { type Draws, drawsFrom } from './draws.ts'
import { type Fault, HOSTILE_ACTS, type Mark, type Scenario, SERVINGS } from './scenario.ts'

const SHARE = 0.3
const KINDS = ['duplicate', 'slow', 'flap', 'reorder'] as const
const ADDED = 2
/** Over before anything comes after the calls: no ending meets them. */
const LATEST_MS = 6000
const LONGEST_MS = 6000
const SHORTEST_MS = 1000
/** Marks of what is no less so beside a liar. */
const FINE: ReadonlySet<Mark> = new Set([
  'waiting crash',
  'late pins',
  'chores',
  'upgrade',
  'proposals',
  'presence',
  'removers',
  'slices',
])

export function withMoreFaults(scenario: Scenario, seed: number): Scenario {
  // The first of such streams under which no pinned seed is changed.
  const draws = drawsFrom(seededRandom(`winds 659 ${seed}`))
  if (!draws.chance(SHARE)) return scenario
  const absent = KINDS.filter((kind) => scenario.faults.every((fault) => fault.kind !== kind))
  const added = draws.some(absent, ADDED).map((kind) => windOf(kind, scenario.nodes, draws))
  // Only where nothing is at stake that needs everybody to keep to the rules.
  const mayLie =
    (scenario.marks ?? []).every((mark) => FINE.has(mark)) && scenario.faults.every(({ kind }) => kind !== 'hostile')
  return { ...scenario, faults: [...scenario.faults, ...added, ...(mayLie ? [lying(draws)] : [])] }
}

function lying(draws: Draws): Fault {
  const acts = Array.from({ length: draws.whole(3, 8) }, () => {
    return { atMs: draws.whole(0, LATEST_MS + LONGEST_MS), act: draws.pick(HOSTILE_ACTS) }
  })
  return { kind: 'hostile', member: draws.chance(0.7), serving: draws.pick(SERVINGS), acts }
}

function windOf(kind: (typeof KINDS)[number], nodes: readonly string[], draws: Draws): Fault {
  const fromMs = draws.whole(0, LATEST_MS)
  const window = { fromMs, untilMs: fromMs + draws.whole(SHORTEST_MS, LONGEST_MS) }
  switch (kind) {
    case 'duplicate':
      return { kind, rate: draws.whole(5, 90) / 100, ...window }
    case 'reorder':
      return { kind, rate: draws.whole(5, 50) / 100, maxMs: draws.pick([200, 1000, 5000]), ...window }
    case 'slow':
      return {
        kind,
        node: draws.pick(nodes),
        delayMs: draws.pick([100, 400, 1500]),
        bytesPerMs: draws.pick([1, 10, 100]),
        ...window,
      }
    case 'flap': {
      const [a = 'n0', b = 'n1'] = draws.some(nodes, 2)
      return { kind, a, b, periodMs: draws.pick([200, 700, 2500]), ...window }
    }
  }
}
