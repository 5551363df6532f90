import { expect, test } from 'vitest'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml, withContext } from '../../testing/run-yaml.ts'

const call = (node: string, method: string, more: string) =>
  `  - { name: ${method} ${node}, type: call, node: ${node}, context_id: '{{context_id}}', method: ${method}, ${more} }\n`
const WRITE = call('n-1', 'set', 'args: { key: a, value: v }')
const read = (after: string) => call('n-2', 'get', `args: { key: a }, after: ${after}, expect: '{{output}} == v'`)
const run = (steps: string, network: FixtureNetwork) => runYaml(withContext(steps), { network })

/** n-2 has what n-1 wrote after so many looks. */
function lagging(polls: number, namesDeltas = true): FixtureNetwork {
  const network = new FixtureNetwork()
  network.node('n-2').lagPolls = polls
  for (const name of ['n-1', 'n-2']) network.node(name).namesDeltas = namesDeltas
  return network
}

test.each([true, false])(
  'a call waits until its node has applied what others wrote before it (ids told: %s)',
  async (told) => {
    const done = await run(`${WRITE}${read('sync')}`, lagging(4, told))
    expect(done.failure?.message).toBeUndefined()
    expect(done.clock.slept).toEqual([10, 20, 40])
    const paths = done.network.node('n-2').requests.map(({ path }) => path)
    expect(paths.filter((path) => path.includes('/contexts/sync'))).toEqual([])
  },
)

test('without a write of another node there is nothing to wait for', async () => {
  const own = await run(`${call('n-2', 'set', 'args: { key: a, value: v }')}${read('sync')}`, lagging(1e6))
  expect(own.clock.slept).toEqual([])
  const viewed = await run(
    `${call('n-1', 'len', '')}${call('n-2', 'len', 'after: sync')}`.replace(', }', ' }'),
    lagging(1e6),
  )
  expect(viewed.clock.slept).toEqual([])
  expect(viewed.outcome).toBe('passed')
})

test('a write that does not come in time is a failure that says whose it is and where it is', async () => {
  const done = await run(`${WRITE}${read('{ sync: 2 }')}`, lagging(1e6))
  expect(done).toMatchObject({ outcome: 'failed', exitCode: 4 })
  expect(done.failure).toMatchObject({ code: 'timeout', node: 'n-2', place: { line: 18 } })
  expect(done.failure?.message).toMatch(
    /^after: sync: n-2 has not applied what n-1 wrote, after 2\.00 s: …[0-9a-f]{8} of n-1 has not come\n {2}n-2 lacks 1 delta:\n {4}…[0-9a-f]{8} of n-1, which n-1 has$/,
  )
})

test('a node that is stopped is not waited for: the delta is known by its id', async () => {
  const network = lagging(2)
  const done = await run(`${WRITE}  - { type: stop_node, nodes: n-1 }\n${read('sync')}`, network)
  expect(done.failure?.message).toBeUndefined()
})

test('a write that is void with the removal of its author is not waited for', async () => {
  const network = new FixtureNetwork()
  network.node('n-2').fail('GET', /\/deltas\//, { status: 200, body: { data: { state: 'voided' } } }, 99)
  expect((await run(`${WRITE}${read('sync')}`, network)).clock.slept).toEqual([])
})

test('each try waits anew, and what interrupts the wait interrupts the step', async () => {
  const done = await run(
    `${WRITE}${read('{ sync: 60 }').replace(' }\n', ', timeout: 1, retry: { attempts: 2, delay: 0 } }\n')}`,
    lagging(1e6),
  )
  expect(done.failure?.message).toMatch(
    /^it failed 2 times in 2\.00 s\nthe last time: the step took longer than the 1 s it was given; the last of it: waiting for sync:/,
  )
})
