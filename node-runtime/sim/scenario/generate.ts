// From a seed to a scenario.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SKEW_MAX_MS } from '../limits.ts'
import { withAccepting } from './accepting.ts'
import { withAdditions } from './additions.ts'
import { type Draws, drawsFrom } from './draws.ts'
import { withFailing } from './failing.ts'
import { withMoreFaults } from './more-faults.ts'
import { BATCH_SHARES, callOf, operationOf } from './operations.ts'
import { withRarities } from './rarities.ts'
import {
  type AppName,
  type DrawnKind,
  FAULT_KINDS,
  type Fault,
  HOSTILE,
  HOSTILE_ACTS,
  LATE_NODE,
  type Operation,
  type Scenario,
  SERVINGS,
} from './scenario.ts'
import { withStumbling } from './stumbling.ts'
import { withSweeping } from './sweeping.ts'

/** Which storage the seeds have: `guest` is a tenth of them when nothing is said. */
export type Only = 'host' | 'guest'

const GUEST_SHARE = 0.1
/** Attempted, whatever is down. */
const WRITES_MIN: Readonly<Record<AppName, number>> = { mixed: 200, collections: 200, 'order-sensitive': 30 }
/** Of the others, those with the collections in which the order of arrival could matter most. */
const COLLECTIONS_SHARE = 0.2
/** Of the seeds, those in which history goes while they run. */
const PRUNING_SHARE = 0.5
/** Of these, those in which a checkpoint names as few, for what it takes, as that of a real node. */
const SHORT_MEMORY_SHARE = 0.5
/** Mostly the fewest: what more nodes find is rarely worth what they cost. */
const NODE_COUNTS = [
  [5, 17],
  [6, 2],
  [7, 1],
] as const
/**
 * How seeds were made when some were pinned: `first` with other numbers of nodes and without later additions, `single` with one
 * write a call.
 */
export type Era = 'first' | 'single' | 'now'

/** Of the seeds that were pinned first. */
const FIRST_NODE_COUNTS = [
  [5, 6],
  [6, 3],
  [7, 1],
] as const
/** Of the bursts, those where all calls are of one node: others get their deltas at once. */
const ALONE_SHARE = 0.6

export function generate(seed: number, only?: Only, era: Era = 'now'): Scenario {
  const isFirst = era === 'first'
  const draws = drawsFrom(seededRandom(`scenario ${seed}`))
  const isGuest = draws.chance(GUEST_SHARE)
  const app = (only === undefined ? isGuest : only === 'guest') ? 'order-sensitive' : hostApp(seed)
  const nodes = Array.from(
    { length: draws.weighted(isFirst ? FIRST_NODE_COUNTS : NODE_COUNTS) },
    (_, index) => `n${index}`,
  )
  const lengthMs = draws.whole(8, 25) * 1000
  const everyMs = draws.pick([2000, 5000, 10_000])
  const kinds = chooseKinds(draws, app)
  const callers = kinds.includes('late') ? [...nodes, LATE_NODE] : nodes
  const all = kinds.includes('hostile') ? [...callers, HOSTILE] : callers
  const faults = kinds.flatMap((kind) => faultsOf(kind, { draws, nodes, all, lengthMs }))
  const scenario: Scenario = {
    v: 1,
    seed: String(seed),
    app,
    nodes,
    network: { minDelayMs: 1, maxDelayMs: draws.pick([2, 10, 40, 120]) },
    lag: { diskMs: draws.pick([0, 0, 2, 10]), guestMs: draws.pick([0, 0, 2, 10]) },
    sync: { everyMs, gapMs: Math.min(everyMs, 5000) },
    ...(draws.chance(PRUNING_SHARE) ? { retention: retentionOf(app, draws, seed) } : {}),
    operations: operations({ draws, app, callers, lengthMs, era }),
    faults: faults.sort((a, b) => startOf(a) - startOf(b)),
  }
  const whole = withRarities(scenario, seed)
  if (isFirst) return whole
  const added = withAdditions(whole, seed)
  if (era !== 'now') return added
  const ended = withAccepting(withMoreFaults(withFailing(added, seed), seed), seed)
  const last = withSweeping(withStumbling(ended, seed), seed)
  return { ...last, writesMin: WRITES_MIN[app] }
}

/** From draws of its own: what it is changes nothing else of a seed. */
function hostApp(seed: number): AppName {
  return drawsFrom(seededRandom(`collections ${seed}`)).chance(COLLECTIONS_SHARE) ? 'collections' : 'mixed'
}

function chooseKinds(draws: Draws, app: AppName): DrawnKind[] {
  const kinds = draws.some(FAULT_KINDS, draws.whole(3, 6))
  // What arrives from before is what such an application is there for.
  if (app === 'order-sensitive' && !kinds.includes('partition') && draws.chance(0.6)) kinds.push('partition')
  return kinds
}

interface Calls {
  readonly draws: Draws
  readonly app: AppName
  readonly callers: readonly string[]
  readonly lengthMs: number
  readonly era: Era
}

function operations({ draws, app, callers, lengthMs, era }: Calls): Operation[] {
  const count = app === 'order-sensitive' ? draws.whole(WRITES_MIN[app], 60) : draws.whole(WRITES_MIN[app], 208)
  const isFirst = era === 'first'
  const batchShare = era === 'now' ? draws.pick(BATCH_SHARES) : 0
  const next = (index: number) =>
    era === 'now'
      ? callOf(app, draws, index, batchShare)
      : { call: operationOf(app, draws, index), writes: 1, drawn: 1 }
  const made: Operation[] = []
  let [written, drawn] = [0, 0]
  while (written < count) {
    // Calls come in bursts, some of them at the very same time.
    const atMs = draws.whole(0, lengthMs)
    const burst = draws.whole(1, isFirst ? 6 : 10)
    const alone = isFirst || !draws.chance(ALONE_SHARE) ? undefined : draws.pick(callers)
    for (let i = 0; i < burst && written < count; i += 1) {
      const spreadMs = draws.pick([0, 0, 1, 5, 20, 80]) * i
      const node = alone ?? draws.pick(callers)
      const { call, writes, drawn: also } = next(drawn)
      made.push({ atMs: atMs + spreadMs, node, ...call })
      written += writes
      drawn += also
    }
  }
  return made.sort((a, b) => a.atMs - b.atMs)
}

/** Far less than in a real node: what takes days there is to happen within seconds. */
function retentionOf(app: AppName, draws: Draws, seed: number): NonNullable<Scenario['retention']> {
  const checkpointMin = app === 'order-sensitive' ? draws.pick([4, 8, 15]) : draws.pick([10, 25, 60])
  const absentMs = draws.pick([3000, 8000, 20_000])
  // From draws of its own: what it is changes nothing else of a seed.
  const isShort = drawsFrom(seededRandom(`recent ${seed}`)).chance(SHORT_MEMORY_SHARE)
  return { checkpointMin, absentMs, ...(isShort ? { recentMax: 2 * checkpointMin } : {}) }
}

interface Setting {
  readonly draws: Draws
  readonly nodes: readonly string[]
  /** With those who come later and the hostile one. */
  readonly all: readonly string[]
  readonly lengthMs: number
}

function faultsOf(kind: DrawnKind, { draws, nodes, all, lengthMs }: Setting): Fault[] {
  const window = (leastMs: number, mostMs: number) => {
    const fromMs = draws.whole(0, Math.floor(lengthMs * 0.8))
    return { fromMs, untilMs: fromMs + draws.whole(leastMs, mostMs) }
  }
  const some = (make: () => Fault, most: number) => Array.from({ length: draws.whole(1, most) }, make)
  const atMs = () => draws.whole(0, lengthMs)
  switch (kind) {
    case 'loss':
      return some(() => ({ kind, rate: draws.whole(2, 50) / 100, ...window(1000, lengthMs) }), 2)
    case 'delay':
      return some(() => ({ kind, maxMs: draws.pick([100, 500, 2000]), ...window(1000, lengthMs) }), 2)
    case 'reorder':
      return some(
        () => ({
          kind,
          rate: draws.whole(5, 50) / 100,
          maxMs: draws.pick([200, 1000, 5000]),
          ...window(1000, lengthMs),
        }),
        2,
      )
    case 'duplicate':
      return some(() => ({ kind, rate: draws.whole(5, 90) / 100, ...window(1000, lengthMs) }), 2)
    case 'one-way':
      return some(() => {
        const [one = 'n0', ...others] = draws.some(nodes, draws.whole(2, 3))
        const isFrom = draws.chance(0.5)
        return { kind, from: isFrom ? [one] : others, to: isFrom ? others : [one], ...window(500, 30_000) }
      }, 3)
    case 'partition':
      return some(() => {
        const mixed = draws.some(all, all.length)
        const at = draws.whole(1, all.length - 1)
        const sides = [mixed.slice(0, at), mixed.slice(at)]
        if (at > 1 && draws.chance(0.3)) sides.push(...[sides[0]?.splice(0, 1) ?? []])
        return { kind, sides, silent: draws.chance(0.4), ...window(1000, 30_000) }
      }, 2)
    case 'flap':
      return some(() => {
        const [a = 'n0', b = 'n1'] = draws.some(nodes, 2)
        return { kind, a, b, periodMs: draws.pick([200, 700, 2500]), ...window(1000, lengthMs) }
      }, 4)
    case 'slow':
      return some(
        () => ({
          kind,
          node: draws.pick(nodes),
          delayMs: draws.pick([100, 400, 1500]),
          bytesPerMs: draws.pick([1, 10, 100]),
          ...window(1000, lengthMs),
        }),
        2,
      )
    case 'skew':
      return some(
        () => ({
          kind,
          node: draws.pick(nodes),
          atMs: draws.pick([0, atMs()]),
          skewMs: draws.whole(-SKEW_MAX_MS, SKEW_MAX_MS),
        }),
        3,
      )
    case 'crash':
      return some(
        () => ({
          kind,
          node: draws.pick(nodes),
          atMs: atMs(),
          batch: draws.whole(1, 20),
          written: draws.chance(0.5),
          downMs: draws.pick([1, 100, 3000, 10_000]),
        }),
        4,
      )
    case 'restart':
      return some(
        () => ({
          kind,
          node: draws.pick(nodes),
          atMs: atMs(),
          downMs: draws.pick([1, 100, 3000, 10_000]),
          clean: draws.chance(0.5),
        }),
        3,
      )
    case 'late':
      return [{ kind, node: LATE_NODE, via: draws.pick(nodes.slice(0, 1)), atMs: atMs() }]
    case 'removal': {
      const [by = 'n0'] = nodes
      const node = draws.pick(nodes.slice(1))
      const removal = { kind, node, by, atMs: draws.whole(0, Math.floor(lengthMs * 0.8)) }
      if (draws.chance(0.3)) return [removal]
      // Behind a partition it writes on, not knowing; some of the others hear of that before they hear of the removal.
      const others = draws.some(
        all.filter((name) => name !== by && name !== node),
        draws.whole(0, nodes.length - 2),
      )
      const sides = [all.filter((name) => name !== node && !others.includes(name)), [node, ...others]]
      const fromMs = Math.max(0, removal.atMs - draws.whole(500, 6000))
      const untilMs = removal.atMs + draws.whole(500, 10_000)
      return [removal, { kind: 'partition', sides, silent: draws.chance(0.4), fromMs, untilMs }]
    }
    case 'hostile': {
      const acts = Array.from({ length: draws.whole(3, 12) }, () => ({ atMs: atMs(), act: draws.pick(HOSTILE_ACTS) }))
      return [{ kind, member: draws.chance(0.7), serving: draws.pick(SERVINGS), acts }]
    }
  }
}

function startOf(fault: Fault): number {
  if ('fromMs' in fault) return fault.fromMs
  return 'atMs' in fault ? fault.atMs : 0
}

/** Everyone, the hostile peer included: the boot list. */
export function everyone(scenario: Scenario): string[] {
  const late = scenario.faults.flatMap((fault) => (fault.kind === 'late' ? [fault.node] : []))
  const hostile = scenario.faults.some(({ kind }) => kind === 'hostile') ? [HOSTILE] : []
  return [...scenario.nodes, ...late, ...hostile]
}
