// What happens after all else in some seeds, when nothing follows that would mend it, from draws of its own. One ending a
// seed: later news would tell what an earlier one has kept from somebody.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { type Draws, drawsFrom } from './draws.ts'
import { writeOf } from './operations.ts'
import type { Scenario } from './scenario.ts'
import { endOf, type Fault, HOSTILE, honestNodes, type Operation, remainingNodes } from './scenario.ts'

const ENDINGS = [
  ['none', 10],
  ['even sides', 2],
  ['unheard', 2],
  ['new key', 2],
  ['clock behind', 2],
] as const

/** After the last fault: enough for a period or two of every topic. */
const CALM_MS = 12_000
/** Longer than heads are told after a call. */
const UNHEARD_MS = 1500
const BREATH_MS = 500
/** More than are compared one by one. */
const ABOVE = 48

/** Only where no other rarity has the last word. */
export function withEnding(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`endings 3060 ${seed}`))
  const ending = draws.weighted(ENDINGS)
  const callers = remainingNodes(scenario).filter((name) => scenario.nodes.includes(name))
  if (ending === 'none' || callers.length < 3) return scenario
  const atMs = endOf(scenario) + CALM_MS
  const { operations, faults } = MADE[ending](scenario, { draws, atMs, callers })
  return {
    ...scenario,
    operations: [...scenario.operations, ...operations],
    faults: [...scenario.faults, ...faults],
    marks: [...(scenario.marks ?? []), ending],
  }
}

interface Setting {
  readonly draws: Draws
  readonly atMs: number
  readonly callers: readonly string[]
}

interface Made {
  readonly operations: readonly Operation[]
  readonly faults: readonly Fault[]
}

const MADE: Readonly<Record<Exclude<(typeof ENDINGS)[number][0], 'none'>, (of: Scenario, setting: Setting) => Made>> = {
  /**
   * Two that are alone write one delta each, the others so many that these two are far behind the newest. Then most hold
   * one of the two, as many as who holds the other, and nothing is built on either.
   */
  'even sides'(scenario, { draws, atMs, callers }) {
    const [one = 'n0', two = 'n1', ...others] = draws.some(callers, callers.length)
    const rest = [...honestNodes(scenario), HOSTILE].filter((name) => name !== one && name !== two)
    const aside = [one, two].map((node) => writeOf(scenario.app, { node, atMs: atMs + BREATH_MS, id: node }))
    const above = Array.from({ length: ABOVE }, (_, index) => {
      const node = others[index % others.length] ?? one
      return writeOf(scenario.app, { node, atMs: atMs + BREATH_MS + 10 * (index + 1), id: `above ${index}` })
    })
    const untilMs = atMs + 3 * BREATH_MS
    return {
      operations: [...aside, ...above],
      faults: [{ kind: 'partition', sides: [[one], [two], rest], silent: false, fromMs: atMs, untilMs }],
    }
  },
  /** Nobody hears of the last call, nor of the heads after it. */
  unheard(scenario, { draws, atMs, callers }) {
    const node = draws.pick(callers)
    return {
      operations: [writeOf(scenario.app, { node, atMs: atMs + 1, id: 'unheard' })],
      faults: [{ kind: 'loss', rate: 1, fromMs: atMs, untilMs: atMs + UNHEARD_MS }],
    }
  },
  /** A key that no one else has, and one delta under it. */
  'new key'(scenario, { draws, atMs, callers }) {
    const node = draws.pick(callers)
    return {
      operations: [writeOf(scenario.app, { node, atMs: atMs + BREATH_MS, id: 'sealed' })],
      faults: [{ kind: 'rotation', node, atMs }],
    }
  },
  /** It comes back with a clock that is behind all that it wrote, and writes at once. */
  'clock behind'(scenario, { draws, atMs, callers }) {
    const node = draws.pick(callers)
    const skewMs = -draws.whole(60_000, 200_000)
    const backMs = atMs + BREATH_MS
    return {
      operations: [0, 5, 20, 80].map((waitMs) =>
        writeOf(scenario.app, { node, atMs: backMs + 1 + waitMs, id: `late${waitMs}` }),
      ),
      faults: [
        { kind: 'skew', node, atMs, skewMs },
        { kind: 'restart', node, atMs: backMs, downMs: 1, clean: draws.chance(0.3) },
      ],
    }
  },
}
