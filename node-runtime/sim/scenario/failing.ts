// Migrations that fail for a while: somebody writes what the later code refuses, before the upgrade or beside it, and in
// the end somebody takes that back. In some seeds with a migration, from draws of their own.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { type Draws, drawsFrom } from './draws.ts'
import { writeOf } from './operations.ts'
import { ENDINGS, endOf, type Fault, type Operation, remainingNodes, type Scenario } from './scenario.ts'

/** Of the seeds with a migration that nothing else ends. */
const SHARE = 0.9
/** What the later version of the application looks for before it migrates, and what makes it fail. */
export const OBSTACLE_KEY = 'migration'
export const OBSTACLES = ['trap', 'refuse', 'nothing'] as const
const FINE = 'fine'
/** Around the upgrade: who migrates may have heard of it, or not. */
const BEFORE_MS = 8000
const AFTER_MS = 5000
/** Of the obstacles, those that are taken back while all else goes on. */
const TAKEN_BACK_SHARE = 0.6
/** After the last fault, until the obstacle of the end is taken away: all have met it by then. */
const CALM_MS = 12_000
const STEP_MS = 8000

export function withFailing(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`failing ${seed}`))
  const { operations, faults, marks = [] } = scenario
  const callers = remainingNodes(scenario).filter((name) => scenario.nodes.includes(name))
  const isEnded = marks.some((mark) => ENDINGS.includes(mark))
  if (!draws.chance(SHARE) || !marks.includes('migration') || isEnded || callers.length < 2) return scenario
  const upgradeMs = faults.find((fault) => fault.kind === 'upgrade')?.atMs ?? 0
  const obstacles = Array.from({ length: draws.whole(1, 3) }, () => obstacle(scenario, draws, upgradeMs)).flat()
  const atMs = endOf(scenario) + CALM_MS
  // Who takes it away has failed by then, if nobody has migrated, and is the first that can.
  const node = draws.pick(callers)
  const [fine, access] = takingAway(scenario, { node, atMs })
  // A little wind: while it blows the faults are not over.
  const wind: Fault = { kind: 'delay', maxMs: 20, fromMs: atMs, untilMs: access.atMs + STEP_MS }
  return {
    ...scenario,
    operations: [...operations, ...obstacles, fine, access].sort((a, b) => a.atMs - b.atMs),
    faults: [...faults, wind],
    marks: [...marks, 'failing migration'],
  }
}

/** And then somebody calls it, which tries again. */
export function takingAway(
  { app }: Scenario,
  { node, atMs }: Pick<Operation, 'node' | 'atMs'>,
): [Operation, Operation] {
  return [wish(node, atMs, FINE), writeOf(app, { node, atMs: atMs + STEP_MS, id: 'migrated' })]
}

function obstacle(scenario: Scenario, draws: Draws, upgradeMs: number): Operation[] {
  const [node, how] = [draws.pick(scenario.nodes), draws.pick(OBSTACLES)]
  const atMs = Math.max(0, upgradeMs + draws.whole(-BEFORE_MS, AFTER_MS))
  const [other, waitMs] = [draws.pick(scenario.nodes), draws.whole(200, 6000)]
  const put = wish(node, atMs, how)
  return draws.chance(TAKEN_BACK_SHARE) ? [put, wish(other, atMs + waitMs, FINE)] : [put]
}

function wish(node: string, atMs: number, value: string): Operation {
  return { atMs, node, method: 'set', args: { key: OBSTACLE_KEY, value } }
}
