// What a removed member counted, void where a counter was reset, and counting again once a witness has spoken for it: the reset had not seen it.
import { beforeAll, describe, expect, it } from 'vitest'
import { checkFacts } from '../../check.ts'
import { type Facts, factsOf } from '../../record/facts.ts'
import { simulate } from '../../run/simulation.ts'
import { generate } from '../../scenario/generate.ts'
import type { Operation, Scenario } from '../../scenario/scenario.ts'

const TIMEOUT_MS = 240_000

const call = (atMs: number, node: string, method: string): Operation => ({ atMs, node, method, args: {} })

/** n1 hears of the removal of n2 when it has its visit; the others have the visit, void, until n1 has said so. */
const scenario: Scenario = {
  ...generate(1, 'host'),
  seed: 'hidden visits',
  app: 'collections',
  nodes: ['n0', 'n1', 'n2', 'n3', 'n4'],
  network: { minDelayMs: 1, maxDelayMs: 1 },
  lag: { diskMs: 0, guestMs: 0 },
  sync: { everyMs: 10_000, gapMs: 5_000 },
  operations: [call(11_054, 'n2', 'visit'), call(11_544, 'n3', 'visit'), call(12_039, 'n4', 'reset')],
  faults: [
    { kind: 'removal', node: 'n2', by: 'n0', atMs: 2_321, how: 'right' },
    {
      kind: 'partition',
      sides: [
        ['n2', 'n1'],
        ['n0', 'n3', 'n4'],
      ],
      silent: false,
      fromMs: 821,
      untilMs: 11_321,
    },
  ],
  marks: ['witnesses'],
}

async function run(operations: readonly Operation[]): Promise<Facts> {
  const end = await simulate({ ...scenario, operations })
  const facts = await factsOf(end)
  await end.world.close()
  if (!facts) throw new Error('not every node was there')
  return facts
}

let once: Facts
let twice: Facts
beforeAll(async () => {
  once = await run(scenario.operations)
  twice = await run([...scenario.operations, call(15_000, 'n4', 'reset')])
}, TIMEOUT_MS)

/** As if it showed `value`. */
const found = (facts: Facts, value: number) =>
  checkFacts({ ...facts, views: { ...facts.views, visit_count: value } }).map(({ checker }) => checker)

describe('a visit of a removed member', () => {
  it('is left by a reset that it was void for', () => {
    expect(once.views.visit_count).toBe(1)
    expect(checkFacts(once)).toEqual([])
    expect(found(once, 2)).toContain('effects')
  })

  it('is taken by one that it counted for again', () => {
    expect(twice.views.visit_count).toBe(0)
    expect(checkFacts(twice)).toEqual([])
    expect(found(twice, 1)).toContain('effects')
  })
})
