// A member that pries is given something for each request: one that is asked in vain says nothing of who may not have it.
import { expect, it } from 'vitest'
import { keysOf, peerIdOf } from '../../src/testing/test-node.ts'
import { simulate } from '../run/simulation.ts'
import { generate } from '../scenario/generate.ts'
import type { Operation, Scenario } from '../scenario/scenario.ts'
import { pry } from './prying.ts'

const TIMEOUT_MS = 240_000
const NODES = ['n0', 'n1', 'n2']

const scenario: Scenario = {
  ...generate(1, 'host'),
  seed: 'prying',
  app: 'mixed',
  nodes: NODES,
  lag: { diskMs: 0, guestMs: 0 },
  retention: { checkpointMin: 5, absentMs: 20_000 },
  operations: Array.from({ length: 15 }, (_, at): Operation => {
    return { atMs: 1000 * at, node: NODES[at % 3] ?? 'n0', method: 'set', args: { key: `k${at}`, value: `v${at}` } }
  }),
  faults: [],
}

it('what pries asks for all that members have', { timeout: TIMEOUT_MS }, async () => {
  const { world, setting, history } = await simulate(scenario)
  const given = new Set<string>()
  await world.run(
    pry({
      network: world.get('n1').node.ports.network,
      peers: [peerIdOf('n0')],
      shared: setting.shared,
      identity: keysOf('n1').identity,
      said: history.said,
      setTimer: (fn, ms) => world.clock.setTimer(fn, ms),
      onGiven: (request) => given.add(request),
    }),
  )
  await world.close()
  const all = ['base', 'compare', 'fetch', 'greet', 'keys', 'lacking', 'names', 'ops', 'snapshot', 'tree']
  expect([...given].sort()).toEqual(all)
})
