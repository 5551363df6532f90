// How some seeds end in which members show something under a key that others lack, and nobody writes with it: what is shown is all
// that tells them. From draws of their own; behind one delta under a new key, which was the ending.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { type Draws, drawsFrom } from './draws.ts'
import {
  endOf,
  type Fault,
  HOSTILE,
  honestNodes,
  type Mark,
  markedInstead,
  remainingNodes,
  type Scenario,
} from './scenario.ts'

/** Of the seeds that may have it. */
const SHARE = 0.6
const KINDS = [
  'shown under a new key',
  'asked in vain',
  'key unheard of',
  'no key fits',
] as const satisfies readonly Mark[]
const WEIGHTS = [
  ['shown under a new key', 1],
  ['asked in vain', 2],
  ['key unheard of', 3],
  ['no key fits', 2],
] as const satisfies readonly (readonly [Mark, number])[]
const WRITERS_MIN = 3
/** So many that two can go. */
const LEAVING_WRITERS_MIN = 5
/** What came before is at rest by then. */
const CALM_MS = 12_000
const SHOWN_MS = 500
/** Whoever asks in vain for so long is not to ask again for longer than a run rests. */
const VAIN_MS = 40_000
const UNHEARD_MS = 6000
/** Longer than a run rests: no round brings by chance what is to be asked for. */
const ROUND_MS = 30_000
const WIND_MS = 4000

interface Setting {
  readonly scenario: Scenario
  readonly draws: Draws
  readonly atMs: number
  /** Shows something. */
  readonly one: string
  /** Is to see it. */
  readonly other: string
  readonly third: string
}

export function withShowing(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`showing ${seed}`))
  const [isChosen, kind] = [draws.chance(SHARE), draws.weighted(WEIGHTS)]
  // Who has a wrong clock is not seen at all.
  const skewed = scenario.faults.flatMap((fault) => (fault.kind === 'skew' ? [fault.node] : []))
  const members = remainingNodes(scenario).filter((name) => scenario.nodes.includes(name) && !skewed.includes(name))
  if (!isChosen || !scenario.marks?.includes('new key') || members.length < WRITERS_MIN) return scenario
  const hasRemoval = scenario.faults.some((fault) => fault.kind === 'removal')
  const mayLeave = !hasRemoval && members.length >= LEAVING_WRITERS_MIN
  // Whose only neighbours are others than members has the key a round later.
  const isDense = scenario.faults.every(({ kind: each }) => each !== 'late' && each !== 'removal' && each !== 'hostile')
  const mayBe = {
    'no key fits': mayLeave,
    'key unheard of': isDense,
    'asked in vain': true,
    'shown under a new key': true,
  }
  const drawn = mayBe[kind] ? kind : KINDS[0]
  const [one = 'n1', other = 'n2', third = 'n3'] = draws.some(
    members.filter((name) => drawn !== 'no key fits' || name !== scenario.nodes[0]),
    3,
  )
  const atMs = endOf(scenario) + CALM_MS
  const faults = MADE[drawn]({ scenario, draws, atMs, one, other, third })
  return {
    ...scenario,
    ...(drawn === 'key unheard of' ? { sync: { ...scenario.sync, everyMs: ROUND_MS } } : {}),
    faults: [...scenario.faults, ...faults],
    marks: markedInstead(scenario, 'new key', drawn),
  }
}

const MADE: Readonly<Record<(typeof KINDS)[number], (setting: Setting) => Fault[]>> = {
  'shown under a new key': ({ atMs, one }) => [...shownUnderNewKey(one, atMs), wind(atMs)],
  /** It hears what is shown, and nobody hears its questions. */
  'asked in vain': ({ scenario, atMs, one, other }) => {
    const to = [...honestNodes(scenario), HOSTILE].filter((name) => name !== other)
    const way: Fault = { kind: 'one-way', from: [other], to, fromMs: atMs, untilMs: atMs + VAIN_MS }
    return [...shownUnderNewKey(one, atMs + SHOWN_MS), way]
  },
  /** Over ways that carry nothing and stay, so that nobody is greeted when they carry again. */
  'key unheard of': ({ scenario, atMs, one, other }) => {
    const rest = [...honestNodes(scenario), HOSTILE].filter((name) => name !== other)
    const sides = [[other], rest]
    const apart: Fault = { kind: 'partition', sides, silent: true, fromMs: atMs, untilMs: atMs + UNHEARD_MS }
    // Whoever is its neighbour is one who uses the key.
    const all = remainingNodes(scenario).filter((name) => name !== one && name !== other)
    const shows = all.map((node): Fault => ({ kind: 'presence', node, shows: 'as well', atMs: atMs + 2 * SHOWN_MS }))
    return [...shownUnderNewKey(one, atMs + SHOWN_MS), ...shows, apart]
  },
  /** Two remove somebody at once, and make a key each that the other's removal makes unfit. */
  'no key fits': ({ scenario, atMs, one, other, third }) => {
    const [owner = 'n0'] = scenario.nodes
    const rest = [...honestNodes(scenario), HOSTILE].filter((name) => name !== owner)
    const fromMs = atMs - SHOWN_MS
    return [
      { kind: 'partition', sides: [[owner], rest], silent: false, fromMs, untilMs: atMs + UNHEARD_MS },
      { kind: 'removal', node: other, by: owner, atMs },
      { kind: 'removal', node: third, by: one, atMs },
      { kind: 'presence', node: one, shows: 'after both', atMs: atMs + UNHEARD_MS + SHOWN_MS },
      wind(atMs + UNHEARD_MS),
    ]
  },
}

function shownUnderNewKey(node: string, atMs: number): Fault[] {
  return [
    { kind: 'rotation', node, atMs },
    { kind: 'presence', node, shows: 'under a new key', atMs: atMs + SHOWN_MS },
  ]
}

/** A little: while it blows the faults are not over. */
function wind(fromMs: number): Fault {
  return { kind: 'delay', maxMs: 20, fromMs, untilMs: fromMs + WIND_MS }
}
