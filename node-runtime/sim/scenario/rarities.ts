// What would happen too rarely by chance: added to some seeds from draws of its own, so that all others stay as they were.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { withChores } from './chores.ts'
import { type Draws, drawsFrom } from './draws.ts'
import { withEnding } from './endings.ts'
import { eventOf, writeOf } from './operations.ts'
import { endOf, type Fault, LATE_NODE, type Scenario, WAYS_OUT } from './scenario.ts'

/** Of the seeds with a hostile peer, those where it serves a state that is not the one it names. */
const FALSE_STATE_SHARE = 0.25
/** Of the seeds in which history is pruned, those where somebody dies just after it took a peer's state. */
const SWAP_CRASH_SHARE = 0.25
/** Of the seeds whose events have handlers, those where somebody dies with the last one in its queue. */
const HANDLER_CRASH_SHARE = 0.15
/** Of the seeds of such applications, those where somebody who lacks a parent hears nothing for minutes. */
const SILENCE_SHARE = 0.04
/** What waits leaves memory after five minutes, at the next sweep: a minute later at most. */
const SILENCE_MS = 390_000
/** Of the seeds, those where somebody dies while something waits for a parent that it cannot ask for. */
const WAITING_CRASH_SHARE = 0.06
/** Of the seeds with a false state and nobody who comes late, those where somebody does: it alone needs a base. */
const FALSE_BASE_SHARE = 0.5
/** Of the seeds with a removal, those where what the member wrote last comes in another order than the removal. */
const LATE_PINS_SHARE = 0.3
/** Of the seeds, those where groups come, move, close and go meanwhile. */
const CHORES_SHARE = 0.15
/** Of the seeds with a removal, those where the member had the context's group by inheritance and that ends. */
const INHERITED_SHARE = 0.35
const LOSSY_MS = 6000
const WIND_MS = 5000

export function withRarities(scenario: Scenario, seed: number): Scenario {
  // The first of such streams under which no pinned seed is changed.
  const draws = drawsFrom(seededRandom(`rarities 3 ${seed}`))
  const isFalse = draws.chance(FALSE_STATE_SHARE)
  const [diesAtSwap, diesAtHandler] = [draws.chance(SWAP_CRASH_SHARE), draws.chance(HANDLER_CRASH_SHARE)]
  const isSilent = draws.chance(SILENCE_SHARE)
  const hasHandlers = scenario.app !== 'order-sensitive'
  const faults = scenario.faults.map(
    (fault): Fault => (isFalse && fault.kind === 'hostile' ? { ...fault, serving: 'false-state' } : fault),
  )
  if (diesAtSwap && scenario.retention) faults.push(...swapCrashes(scenario.nodes, draws))
  if (isSilent && hasHandlers) faults.push(...silence(scenario, draws))
  const changed = choring(further(inheriting({ ...scenario, faults }, seed), seed), seed)
  return diesAtHandler && hasHandlers ? withLastEvent(changed, draws) : withEnding(changed, seed)
}

/** From draws of their own, which change no pinned seed: who is removed has lost what it inherited instead. */
function inheriting(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`inheriting 90 ${seed}`))
  const [isChosen, how] = [draws.chance(INHERITED_SHARE), draws.pick(WAYS_OUT)]
  if (!isChosen) return scenario
  const faults = scenario.faults.map((fault): Fault => (fault.kind === 'removal' ? { ...fault, how } : fault))
  return { ...scenario, faults }
}

/** From draws of their own: groups come and go beside all else. */
function choring(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`chores 23 ${seed}`))
  return draws.chance(CHORES_SHARE) ? withChores(scenario, draws) : scenario
}

/** From draws of their own, too: the seeds that the older ones have found stay. */
function further(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`further rarities 1908 ${seed}`))
  const isChosen = {
    waiting: draws.chance(WAITING_CRASH_SHARE),
    base: draws.chance(FALSE_BASE_SHARE),
    pins: draws.chance(LATE_PINS_SHARE),
  }
  const { faults } = scenario
  const isFalse = faults.some((fault) => fault.kind === 'hostile' && fault.serving === 'false-state')
  const isLate = faults.some(({ kind }) => kind === 'late')
  const removal = faults.find((fault) => fault.kind === 'removal')
  let changed = scenario
  if (isChosen.waiting) changed = dyingWaiting(changed, draws)
  if (isChosen.base && isFalse && !isLate) changed = needingBase(changed, draws)
  if (isChosen.pins && removal) changed = pinnedLate(changed, removal)
  return changed
}

function dyingWaiting(scenario: Scenario, draws: Draws): Scenario {
  const { nodes, operations, faults, marks = [] } = scenario
  const node = draws.pick(nodes.slice(1))
  const fromMs = draws.whole(0, Math.max(0, (operations.at(-1)?.atMs ?? 0) - LOSSY_MS))
  const [batch, written, downMs] = [draws.pick([1, 1, 2, 4]), draws.chance(0.5), draws.pick([1, 100])]
  const crash: Fault = { kind: 'crash', node, atMs: fromMs, batch, written, downMs, on: 'waiting' }
  return { ...scenario, faults: [...faults, ...deaf(node, nodes, fromMs), crash], marks: [...marks, 'waiting crash'] }
}

function needingBase(scenario: Scenario, draws: Draws): Scenario {
  const { nodes, operations, faults, marks = [] } = scenario
  const atMs = draws.whole(0, operations.at(-1)?.atMs ?? 0)
  const late: Fault = { kind: 'late', node: LATE_NODE, via: nodes[0] ?? 'n0', atMs }
  return { ...scenario, faults: [...faults, late], marks: [...marks, 'false base'] }
}

/** Some hear of the removal before they have what it accepts, and get that piece by piece. */
function pinnedLate(scenario: Scenario, { node, atMs }: Extract<Fault, { kind: 'removal' }>): Scenario {
  const { app, operations, faults, marks = [] } = scenario
  const last = [6, 5, 4, 3, 2, 1].map((step) =>
    writeOf(app, { node, atMs: Math.max(0, atMs - 150 * step), id: `${step}` }),
  )
  const [fromMs, untilMs] = [Math.max(0, atMs - 1000), atMs + 2500]
  const wind: Fault = { kind: 'reorder', rate: 0.9, maxMs: 3000, fromMs, untilMs }
  return {
    ...scenario,
    operations: [...operations, ...last].sort((a, b) => a.atMs - b.atMs),
    faults: [...faults, wind],
    marks: [...marks, 'late pins'],
  }
}

/** Half of what it hears is lost, and it cannot ask. */
function deaf(node: string, nodes: readonly string[], fromMs: number): Fault[] {
  const untilMs = fromMs + LOSSY_MS
  return [
    { kind: 'one-way', from: [node], to: nodes.filter((name) => name !== node), fromMs, untilMs },
    { kind: 'loss', rate: 0.5, fromMs, untilMs },
  ]
}

/** Of everyone: nobody knows who will be behind. */
function swapCrashes(nodes: readonly string[], draws: Draws): Fault[] {
  const [batch, written, downMs] = [draws.pick([1, 1, 2, 4]), draws.chance(0.5), draws.pick([1, 100, 3000])]
  return nodes.map((node) => ({ kind: 'crash', node, atMs: 0, batch, written, downMs, on: 'swap' }))
}

/** First it is deaf, then it hears nothing at all. */
function silence({ nodes, operations }: Scenario, draws: Draws): Fault[] {
  const node = draws.pick(nodes.slice(1))
  const others = nodes.filter((name) => name !== node)
  const lastMs = operations.at(-1)?.atMs ?? 0
  const fromMs = draws.whole(0, Math.max(0, lastMs - LOSSY_MS))
  const cutMs = fromMs + LOSSY_MS
  return [
    ...deaf(node, nodes, fromMs),
    { kind: 'partition', sides: [[node], others], silent: false, fromMs: cutMs, untilMs: cutMs + SILENCE_MS },
  ]
}

/** A call after all others, with an event for everyone, and one who dies over it. */
function withLastEvent(scenario: Scenario, draws: Draws): Scenario {
  const { app, nodes, operations, faults } = scenario
  const [caller = 'n0', node = 'n1'] = draws.some(nodes, 2)
  const atMs = endOf(scenario) + 3000
  const last = eventOf(app, { node: caller, atMs, id: 'last' })
  const [batch, written, downMs] = [draws.pick([1, 1, 2, 3]), draws.chance(0.3), draws.pick([1, 100, 3000])]
  const crash: Fault = { kind: 'crash', node, atMs: atMs - 1, batch, written, downMs, on: 'handler' }
  // A little wind: while it blows the faults are not over.
  const wind: Fault = { kind: 'delay', maxMs: 20, fromMs: atMs, untilMs: atMs + WIND_MS }
  const marks = [...(scenario.marks ?? []), 'handler crash' as const]
  return { ...scenario, operations: [...operations, last], faults: [...faults, crash, wind], marks }
}
