// What a hostile member has counted is as much as one of its calls, however many of them are applied.
import { beforeAll, describe, expect, it } from 'vitest'
import { checkFacts } from '../../check.ts'
import { type Facts, factsOf } from '../../record/facts.ts'
import type { Attempt, History } from '../../record/history.ts'
import { simulate } from '../../run/simulation.ts'
import { generate } from '../../scenario/generate.ts'
import { HOSTILE, type Operation, type Scenario } from '../../scenario/scenario.ts'

const TIMEOUT_MS = 240_000
const NODES = ['n0', 'n1', 'n2']

/** Each is called three times, by three nodes. */
const COUNTING = {
  mixed: ['hit'],
  collections: ['visit', 'poke', 'earn', 'spend'],
} as const
type App = keyof typeof COUNTING

const runs = new Map<App, Facts>()

async function run(app: App): Promise<Facts> {
  const operations = COUNTING[app].flatMap((method, nth) =>
    NODES.map((node, at): Operation => {
      return { atMs: 900 * nth + 300 * (at + 1), node, method, args: method === 'poke' ? { id: `v${at}` } : {} }
    }),
  )
  const lag = { diskMs: 0, guestMs: 0 }
  const scenario: Scenario = { ...generate(1, 'host'), seed: 'liar', app, nodes: NODES, operations, faults: [], lag }
  const end = await simulate(scenario)
  const facts = await factsOf(end)
  await end.world.close()
  if (!facts) throw new Error('not every node was there')
  return facts
}

beforeAll(async () => {
  for (const app of ['mixed', 'collections'] as const) runs.set(app, await run(app))
}, TIMEOUT_MS)

/** As if two deltas that everybody applied were a liar's, each of one such call, and the view showed `value`. */
function withLiar(app: App, method: string, shown: readonly [view: string, value: number]): Facts {
  const facts = runs.get(app)
  if (!facts) throw new Error('it was not run')
  const lies = facts.deltas.slice(0, 2).map(({ delta }): Attempt => {
    const operation = { atMs: 0, node: HOSTILE, method, args: {} }
    return { operation, atMs: 0, outcome: 'open', deltaId: delta.id, error: undefined }
  })
  const attempts = [...facts.history.attempts, ...lies]
  const history: History = Object.assign(Object.create(Object.getPrototypeOf(facts.history)), facts.history, {
    attempts,
  })
  return { ...facts, history, views: { ...facts.views, [shown[0]]: shown[1] } }
}

/** With what it shows where the liar's count for nothing, for one, and for two. */
const CASES: readonly (readonly [App, string, string, readonly [number, number, number]])[] = [
  ['mixed', 'hit', 'hit_count', [3, 4, 5]],
  ['collections', 'visit', 'visit_count', [3, 4, 5]],
  ['collections', 'poke', 'poke_count', [3, 4, 5]],
  ['collections', 'earn', 'get_balance', [0, 1, 2]],
  ['collections', 'spend', 'get_balance', [0, -1, -2]],
]

describe('a liar that has called it twice', () => {
  it.each(CASES)('of %s, %s, may have counted once', (app, method, view, [none, once, twice]) => {
    const found = (value: number) =>
      checkFacts(withLiar(app, method, [view, value])).filter(({ checker }) => checker === 'effects')
    expect([...found(none), ...found(once)]).toEqual([])
    expect(found(twice)).toHaveLength(1)
  })
})
