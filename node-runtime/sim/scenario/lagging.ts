// How some seeds end in which history is pruned while somebody lags behind, each so that one promise of pruning alone is at
// stake. From draws of their own; only where clocks are right, nobody lies, and no other ending comes after.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { type Draws, drawsFrom } from './draws.ts'
import { eventOf, writeOf } from './operations.ts'
import {
  endOf,
  type Fault,
  HOSTILE,
  honestNodes,
  type Mark,
  type Operation,
  remainingNodes,
  type Scenario,
} from './scenario.ts'

/** Of the seeds that may have one. */
const SHARE = 0.5
/** Of the others, where it matters by which code something was made and nobody upgrades before: somebody is away over an upgrade. */
const UPGRADED_SHARE = 0.6
const UPGRADED_WRITERS_MIN = 4
const ENDINGS = ['deaf', 'alone', 'steady', 'overtaken', 'overtaken pair'] as const satisfies readonly Mark[]
const OTHER_ENDINGS: readonly Mark[] = [
  'even sides',
  'unheard',
  'new key',
  'clock behind',
  'handler crash',
  'stands again',
]
const WRITERS_MIN = 5
/** What came before is pruned by then, or is not going to be. */
const CALM_MS = 12_000
const CHECKPOINT_MIN = 20
/** Longer than between two looks at what may be pruned: who is at rest is heard of until all is that can be. */
const ABSENT_MS = 6500
const LONG_ABSENT_MS = 20_000
/** Until who is away counts no more, two looks at what may be pruned, and a little. */
const LENGTH_MS = 18_000
/** More than a checkpoint takes, often enough that those who write are heard of all the time. */
const TRICKLE = 40
const TRICKLE_EVERY_MS = 400
/** Most have pruned what was there before. */
const UPGRADE_MS = 12_000
/** Later than the end of what the others prune meanwhile. */
const LATE_MS = 16_000

interface Setting {
  readonly scenario: Scenario
  readonly draws: Draws
  readonly atMs: number
  /** Members to the end. The first two lag, or one of them. */
  readonly one: string
  readonly two: string
  readonly others: readonly string[]
}

interface Made {
  readonly operations: readonly Operation[]
  readonly faults: readonly Fault[]
}

export function withLagging(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`lagging ${seed}`))
  const [isChosen, drawn] = [draws.chance(SHARE), draws.pick(ENDINGS)]
  const writers = remainingNodes(scenario).filter((name) => scenario.nodes.includes(name))
  const isOther = scenario.faults.some(({ kind }) => kind === 'skew' || kind === 'hostile')
  const hasEnding = scenario.marks?.some((mark) => OTHER_ENDINGS.includes(mark))
  if (isOther || hasEnding) return scenario
  const isDrawn = isChosen && writers.length >= WRITERS_MIN
  if (!isDrawn && !isUpgradedAway(scenario, seed, writers.length)) return scenario
  const ending = isDrawn ? drawn : 'overtaken'
  const [one = 'n0', two = 'n1', ...others] = draws.some(writers, writers.length)
  const atMs = endOf(scenario) + CALM_MS
  const { operations, faults } = MADE[ending]({ scenario, draws, atMs, one, two, others })
  const upgrades: readonly Mark[] = faults.some(({ kind }) => kind === 'upgrade') ? ['upgrade', 'guest upgrade'] : []
  return {
    ...scenario,
    retention: { checkpointMin: CHECKPOINT_MIN, absentMs: ending === 'steady' ? LONG_ABSENT_MS : ABSENT_MS },
    operations: [...scenario.operations, ...operations].sort((a, b) => a.atMs - b.atMs),
    faults: [...scenario.faults, ...faults],
    marks: [...(scenario.marks ?? []), ending, ...upgrades],
  }
}

const MADE: Readonly<Record<(typeof ENDINGS)[number], (setting: Setting) => Made>> = {
  /** It hears nothing, and is heard: it has less than all others, and says so. */
  deaf({ scenario, atMs, one, two, others }) {
    const by = [two, ...others]
    const own = Array.from({ length: 9 }, (_, at) => write(scenario, one, atMs + 1700 * (at + 1), `deaf ${at}`))
    return { operations: [...trickle(scenario, by, atMs), ...own], faults: [hearingNothing(scenario, one, atMs)] }
  },
  /** It has what all others have, but has heard of nobody for long; who keeps the others from pruning at once is away. */
  alone({ scenario, atMs, one, two, others }) {
    const own = Array.from({ length: 9 }, (_, at) => write(scenario, one, atMs + 7800 + 700 * at, `alone ${at}`))
    const first = Array.from({ length: CHECKPOINT_MIN + 2 }, (_, at) =>
      write(scenario, others[0] ?? two, atMs + 100 + 20 * at, `first ${at}`),
    )
    return {
      operations: [...first, ...trickle(scenario, others, atMs + 500), ...own],
      faults: [hearingNothing(scenario, one, atMs + 1000), away(scenario, [two], atMs)],
    }
  },
  /** All hear of all, and propose the next checkpoint anew, at rest, with more above it. */
  steady({ scenario, atMs, one }) {
    const [owner = 'n0'] = scenario.nodes
    const operations = Array.from({ length: CHECKPOINT_MIN + 4 }, (_, at) =>
      write(scenario, one, atMs + 500 + 10 * at, `steady ${at}`),
    )
    const wind: Fault = { kind: 'delay', maxMs: 20, fromMs: atMs, untilMs: atMs + LENGTH_MS }
    return { operations, faults: [{ kind: 'chore', node: owner, chore: 'rename', pick: 1, atMs }, wind] }
  },
  /**
   * It is cut off, and so is left behind: what it wrote first is not in what the others keep, what it wrote last knew of it.
   * What its code has made the others may have other code for by then.
   */
  overtaken({ scenario, atMs, one, two, others }) {
    const operations = [
      cell(scenario, one, atMs + 400, 'before'),
      cell(scenario, one, atMs + LATE_MS, 'after'),
      ...trickle(scenario, [two, ...others], atMs + 500),
    ]
    return { operations, faults: [away(scenario, [one], atMs), ...upgradeOf(scenario, one, atMs + UPGRADE_MS)] }
  },
  /** Two are cut off together, and write when the others have pruned: what one had of the other it has again. */
  'overtaken pair'({ scenario, atMs, one, two, others }) {
    const call = { node: two, atMs: atMs + LATE_MS, id: 'pair' }
    const last = (scenario.app === 'order-sensitive' ? writeOf : eventOf)(scenario.app, call)
    return {
      operations: [...trickle(scenario, others, atMs + 500), last],
      faults: [away(scenario, [one, two], atMs)],
    }
  },
}

function write({ app }: Scenario, node: string, atMs: number, id: string): Operation {
  return writeOf(app, { node, atMs, id })
}

/** Of one and the same cell. */
function cell({ app }: Scenario, node: string, atMs: number, value: string): Operation {
  if (app === 'collections') return { atMs, node, method: 'claim', args: { key: 'lagging', value } }
  return { atMs, node, method: 'set', args: { key: app === 'mixed' ? 'lagging' : 'k0', value } }
}

function trickle(scenario: Scenario, by: readonly string[], fromMs: number): Operation[] {
  return Array.from({ length: TRICKLE }, (_, at) =>
    write(scenario, by[at % by.length] ?? 'n0', fromMs + TRICKLE_EVERY_MS * at, `trickle ${at}`),
  )
}

/** From draws of its own. Always where so few are left that no other ending of pruned history comes. */
function isUpgradedAway(scenario: Scenario, seed: number, writers: number): boolean {
  if (!mayUpgrade(scenario) || writers < UPGRADED_WRITERS_MIN) return false
  return writers < WRITERS_MIN || drawsFrom(seededRandom(`upgraded away ${seed}`)).chance(UPGRADED_SHARE)
}

function mayUpgrade({ app, faults }: Scenario): boolean {
  return app === 'order-sensitive' && faults.every(({ kind }) => kind !== 'upgrade')
}

function upgradeOf(scenario: Scenario, away: string, atMs: number): Fault[] {
  const [node = 'n0'] = scenario.nodes
  return mayUpgrade(scenario) && node !== away ? [{ kind: 'upgrade', node, atMs }] : []
}

function hearingNothing(scenario: Scenario, node: string, fromMs: number): Fault {
  const from = honestNodes(scenario).filter((name) => name !== node)
  return { kind: 'one-way', from, to: [node], fromMs, untilMs: fromMs + LENGTH_MS }
}

function away(scenario: Scenario, some: readonly string[], fromMs: number): Fault {
  const rest = [...honestNodes(scenario), HOSTILE].filter((name) => !some.includes(name))
  return { kind: 'partition', sides: [some, rest], silent: false, fromMs, untilMs: fromMs + LENGTH_MS }
}
