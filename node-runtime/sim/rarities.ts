// What would happen too rarely by chance: added to some seeds from draws of its own, so that all others stay as they were.
import { seededRandom } from '../src/testing/seeded-random.ts'
import { type Draws, drawsFrom } from './draws.ts'
import { endOf, type Fault, type Operation, type Scenario } from './scenario.ts'

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
  const changed = { ...scenario, faults }
  return diesAtHandler && hasHandlers ? withLastEvent(changed, draws) : changed
}

/** Of everyone: nobody knows who will be behind. */
function swapCrashes(nodes: readonly string[], draws: Draws): Fault[] {
  const [batch, written, downMs] = [draws.pick([1, 1, 2, 4]), draws.chance(0.5), draws.pick([1, 100, 3000])]
  return nodes.map((node) => ({ kind: 'crash', node, atMs: 0, batch, written, downMs, on: 'swap' }))
}

/** Half of what it hears is lost, and it cannot ask; then it hears nothing at all. */
function silence({ nodes, operations }: Scenario, draws: Draws): Fault[] {
  const node = draws.pick(nodes.slice(1))
  const others = nodes.filter((name) => name !== node)
  const lastMs = operations.at(-1)?.atMs ?? 0
  const fromMs = draws.whole(0, Math.max(0, lastMs - LOSSY_MS))
  const cutMs = fromMs + LOSSY_MS
  return [
    { kind: 'one-way', from: [node], to: others, fromMs, untilMs: cutMs },
    { kind: 'loss', rate: 0.5, fromMs, untilMs: cutMs },
    { kind: 'partition', sides: [[node], others], silent: false, fromMs: cutMs, untilMs: cutMs + SILENCE_MS },
  ]
}

/** A call after all others, with an event for everyone, and one who dies over it. */
function withLastEvent(scenario: Scenario, draws: Draws): Scenario {
  const { app, nodes, operations, faults } = scenario
  const [caller = 'n0', node = 'n1'] = draws.some(nodes, 2)
  const atMs = endOf(scenario) + 3000
  const call = { method: app === 'mixed' ? 'say' : 'poke', args: { id: 'last' } }
  const last: Operation = { atMs, node: caller, ...call }
  const [batch, written, downMs] = [draws.pick([1, 1, 2, 3]), draws.chance(0.3), draws.pick([1, 100, 3000])]
  const crash: Fault = { kind: 'crash', node, atMs: atMs - 1, batch, written, downMs, on: 'handler' }
  // A little wind: while it blows the faults are not over.
  const wind: Fault = { kind: 'delay', maxMs: 20, fromMs: atMs, untilMs: atMs + WIND_MS }
  return { ...scenario, operations: [...operations, last], faults: [...faults, crash, wind] }
}
