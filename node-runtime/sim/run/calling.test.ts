// What is called of who is down or not there yet.
import { expect, it } from 'vitest'
import { checkEnd } from '../check.ts'
import { attempting } from '../checkers/attempting.ts'
import { Causality } from '../record/causality.ts'
import { factsOf } from '../record/facts.ts'
import { generate } from '../scenario/generate.ts'
import { LATE_NODE, type Operation, type Scenario } from '../scenario/scenario.ts'
import { shrink } from '../scenario/shrink.ts'
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

async function calledIn(called: Scenario): Promise<(string | undefined)[]> {
  const end = await simulate(called)
  expect((await checkEnd(end)).violations).toEqual([])
  await end.world.close()
  const { attempts } = end.history
  return calls.map(({ args }) => attempts.find(({ operation }) => operation.args === args)?.operation.node)
}

it('what falls on a node that is down is another’s, but for what can be spared', { timeout: TIMEOUT_MS }, async () => {
  expect(await calledIn({ ...scenario, writesMin: 8 })).toEqual([
    'n0',
    undefined,
    undefined,
    undefined,
    'n1',
    'n2',
    LATE_NODE,
  ])
  expect(await calledIn({ ...scenario, writesMin: 12 })).toEqual(['n0', undefined, 'n2', 'n2', 'n1', 'n2', LATE_NODE])
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

it('what remains of a scenario that is made smaller is called as before', { timeout: TIMEOUT_MS }, async () => {
  // One is left out, two are given to another.
  const large = { ...scenario, writesMin: 12 }
  const { leftOut } = (await runScenario(large)).report
  const before = await calledIn(large)
  expect([leftOut, before.map((name, at) => name === calls[at]?.node)]).toEqual([
    [1],
    [true, false, false, false, true, true, true],
  ])
  const needed = calls[3]
  const otherwise: unknown[] = []
  const fails = async (candidate: Scenario) => {
    if (candidate.faults.length < large.faults.length || candidate.nodes.length < large.nodes.length) return false
    const now = await calledIn(candidate)
    const asBefore = before.map((name, at) =>
      candidate.operations.includes(calls[at] as Operation) ? name : undefined,
    )
    if (now.join() !== asBefore.join()) otherwise.push([asBefore, now])
    return needed !== undefined && candidate.operations.includes(needed)
  }
  const smallest = await shrink(large, { fails, runsMax: 40, leftOut })
  expect(otherwise).toEqual([])
  expect([smallest.operations, smallest.writesMin]).toEqual([[needed], 2])
})
