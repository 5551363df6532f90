// What is called of who is down or not there yet.
import { expect, it } from 'vitest'
import { checkEnd } from '../check.ts'
import { attempting } from '../checkers/attempting.ts'
import { Causality } from '../record/causality.ts'
import { factsOf } from '../record/facts.ts'
import { generate } from '../scenario/generate.ts'
import { LATE_NODE, type Operation, type Scenario } from '../scenario/scenario.ts'
import { runScenario } from './run-seed.ts'
import { simulate } from './simulation.ts'

const TIMEOUT_MS = 240_000

const calls = ['n0', LATE_NODE, 'n1', LATE_NODE, 'n1', 'n2', LATE_NODE].map((node, at): Operation => {
  return { atMs: 500 * (at + 1), node, method: 'batch', args: { writes: `set k${at} v${at}\ntag t${at}` } }
})

/** The late one misses two of its calls, and who is down one. */
const scenario: Scenario = {
  ...generate(1, 'host'),
  seed: 'calling',
  app: 'mixed',
  nodes: ['n0', 'n1', 'n2'],
  network: { minDelayMs: 1, maxDelayMs: 2 },
  lag: { diskMs: 0, guestMs: 0 },
  operations: calls,
  faults: [
    { kind: 'restart', node: 'n1', atMs: 1200, downMs: 600, clean: true },
    { kind: 'late', node: LATE_NODE, via: 'n0', atMs: 2100 },
  ],
}

async function calledIn(writesMin: number): Promise<(string | undefined)[]> {
  const end = await simulate({ ...scenario, writesMin })
  expect((await checkEnd(end)).violations).toEqual([])
  await end.world.close()
  const { attempts } = end.history
  return calls.map(({ args }) => attempts.find(({ operation }) => operation.args === args)?.operation.node)
}

it('what falls on a node that is down is another’s, but for what can be spared', { timeout: TIMEOUT_MS }, async () => {
  expect(await calledIn(8)).toEqual(['n0', undefined, undefined, undefined, 'n1', 'n2', LATE_NODE])
  expect(await calledIn(12)).toEqual(['n0', undefined, 'n2', 'n2', 'n1', 'n2', LATE_NODE])
  const { report } = await runScenario({ ...scenario, writesMin: 200 })
  expect(report).toMatchObject({ attempted: 14, violations: [] })
})

it('a run in which fewer were attempted fails', { timeout: TIMEOUT_MS }, async () => {
  const { writesMin: _, ...free } = scenario
  const end = await simulate(free)
  const facts = await factsOf(end)
  await end.world.close()
  if (!facts) throw new Error('not every node was there')
  const causality = new Causality(facts.everything)
  expect(attempting.check(facts, causality)).toEqual([])
  const wanting = { ...facts, scenario: { ...scenario, writesMin: 10 } }
  expect(attempting.check(wanting, causality)).toEqual(['8 writes were attempted, and 10 are the least'])
})
