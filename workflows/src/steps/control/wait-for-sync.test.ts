import { expect, test } from 'vitest'
import { planWorkflow } from '../../plan/plan.ts'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml, withContext } from '../../testing/run-yaml.ts'
import { stepSchemas } from '../registry.ts'

const SET = "  - { type: call, node: n-1, context_id: '{{context_id}}', method: set, args: { key: a, value: v } }\n"
const sync = (more = '') =>
  withContext(`${SET}  - { name: sync, type: wait_for_sync, context_id: '{{context_id}}', nodes: [n-1, n-2]${more} }`)

/** n-2 applies writes only after that many looks, or never. */
function lagging(polls: number): FixtureNetwork {
  const network = new FixtureNetwork()
  network.node('n-2').lagPolls = polls
  return network
}

function triggersOf(network: FixtureNetwork, name: string): number {
  return network.node(name).requests.filter(({ path }) => path.includes('/contexts/sync')).length
}

test('nodes that agree pass at the first check, and every node was asked to synchronise', async () => {
  const run = await runYaml(
    sync(
      ', outputs: { hash: root_hash, same: context_state_hash, took: elapsed_seconds, checks: attempts, ok: synced }',
    ),
  )
  expect(run.outcome).toBe('passed')
  expect(run.variables.get('hash')).toBe(run.variables.get('same'))
  expect(run.variables.get('checks')).toBe(1)
  expect(run.variables.get('ok')).toBe(true)
  expect(triggersOf(run.network, 'n-1')).toBe(1)
  expect(triggersOf(run.network, 'n-2')).toBe(1)
})

test('a request to synchronise brings a lagging node up; without it the checks go on, in growing pauses', async () => {
  const triggered = await runYaml(sync(), { network: lagging(100) })
  expect(triggered.clock.slept).toEqual([])
  const polled = await runYaml(sync(', trigger_sync: false, outputs: { checks: attempts }'), { network: lagging(5) })
  expect(triggersOf(polled.network, 'n-2')).toBe(0)
  expect(polled.variables.get('checks')).toBe(5)
  expect(polled.clock.slept).toEqual([50 + 100, 100 + 200, 200, 400 + 100])
})

test('the pause is capped by check_interval and grows by backoff_factor', async () => {
  const run = await runYaml(
    sync(', trigger_sync: false, check_interval: 0.3, initial_check_interval: 0.1, backoff_factor: 3'),
    { network: lagging(5) },
  )
  expect(run.clock.slept).toEqual([100 + 100, 300 + 200, 300, 300 + 100])
})

test('a timeout says what every node had, after one last look without a request', async () => {
  const run = await runYaml(sync(', trigger_sync: false, timeout: 2'), { network: lagging(1000) })
  expect(run.exitCode).toBe(4)
  expect(run.failure).toMatchObject({ code: 'timeout' })
  expect(run.failure?.message).toContain('all nodes have different roots')
  const facts = run.failure?.perNode ?? []
  expect(facts.map(({ node }) => node)).toEqual(['n-1', 'n-2'])
  expect(facts[0]?.facts.root).not.toBe(facts[1]?.facts.root)
})

test('equal roots with different heads are not synchronised', async () => {
  const network = new FixtureNetwork()
  network.node('n-2').forgedHeads = [Array.from({ length: 32 }, () => 7)]
  const run = await runYaml(sync(', timeout: 1'), { network })
  expect(run.failure?.message).toContain('the roots are equal, the heads are not')
  expect(run.failure?.perNode?.[1]?.facts.heads).toBe('07070707')
})

test('nodes without heads beside nodes that have some are not synchronised; where none reports them roots decide', async () => {
  const one = new FixtureNetwork()
  one.node('n-2').forgedHeads = []
  expect((await runYaml(sync(', timeout: 1'), { network: one })).outcome).toBe('failed')
  const none = new FixtureNetwork()
  none.node('n-1').forgedHeads = []
  none.node('n-2').forgedHeads = []
  expect((await runYaml(sync(), { network: none })).outcome).toBe('passed')
})

test('a node that cannot be read is asked three times a check, and named at the end', async () => {
  const network = new FixtureNetwork()
  network.node('n-2').fail('GET', /contexts/, { status: 404, body: { error: 'not here' } }, 1000)
  const run = await runYaml(sync(', timeout: 1'), { network })
  expect(run.failure?.message).toContain('n-2 cannot be read')
  expect(run.failure?.perNode?.[1]?.facts.problem).toBe('Client error: HTTP 404: not here')
  expect(run.failure?.logTail?.at(-1)).toContain('last words of n-2')
  const shaky = new FixtureNetwork()
  shaky.node('n-2').fail('GET', /contexts/, 'drop', 2)
  const recovered = await runYaml(sync(', outputs: { checks: attempts }'), { network: shaky })
  expect(recovered.variables.get('checks')).toBe(1)
  expect(recovered.clock.slept).toEqual([500, 500])
})

test('retry_attempts ends the waiting, and a refused request for one context becomes one for all', async () => {
  const network = new FixtureNetwork()
  network.node('n-2').forgedRoot = 'other'
  network.node('n-1').fail('POST', /contexts\/sync\/./, { status: 500, body: {} }, 1000)
  const run = await runYaml(sync(', retry_attempts: 2'), { network })
  expect(run.failure?.message).toContain('2 checks')
  const paths = network.node('n-1').requests.map(({ path }) => path)
  expect(paths.filter((path) => path === '/admin-api/contexts/sync')).toHaveLength(2)
})

test('what arrives during the last pause counts', async () => {
  const run = await runYaml(sync(', trigger_sync: false, retry_attempts: 1'), { network: lagging(2) })
  expect(run.outcome).toBe('passed')
})

test('a group is compared by its governance, alone or beside a context', async () => {
  const group = withContext(
    "  - { type: wait_for_sync, group_id: '{{namespace_id}}', nodes: [n-1, n-2], outputs: { g: group_state_hash, r: root_hash } }",
  )
  const alone = await runYaml(group)
  expect(alone.variables.get('g')).toBe(alone.variables.get('r'))
  expect(triggersOf(alone.network, 'n-1')).toBe(0)
  const both = await runYaml(sync(", group_id: '{{namespace_id}}', outputs: { g: group_state_hash, r: root_hash }"))
  expect(both.variables.get('g')).not.toBe(both.variables.get('r'))
})

test('expect is read once the hashes agree, and must hold on every node', async () => {
  const expectValue = (value: string) =>
    `, timeout: 1, expect: { method: get, args: { key: a }, equals: { output: ${value} } }`
  const passed = await runYaml(
    sync(`${expectValue("'{{v}}'")}`).replace(
      SET,
      `${SET}  - { type: call, node: n-1, context_id: '{{context_id}}', method: get, args: { key: a }, outputs: { v: result.output } }\n`,
    ),
  )
  expect(passed.outcome).toBe('passed')
  const failed = await runYaml(sync(expectValue('w')))
  expect(failed.failure?.message).toMatch(
    /^the nodes agree, but the read does not give the expected value on any of them, after .*\n {2}expected: /,
  )
  expect(failed.failure?.message).not.toContain('do not agree')
  expect(failed.failure?.perNode?.[0]?.facts.read).toBe('{"output":"v"}')
})

test('an expected null is not met by a read that failed', async () => {
  const run = await runYaml(sync(', timeout: 1, expect: { method: nope, equals: null }'))
  expect(run.failure?.perNode?.[0]?.facts.read).toContain('FunctionCallError')
})

test('a failed wait ignores expected_failure', async () => {
  const run = await runYaml(sync(', timeout: 1, trigger_sync: false, expected_failure: true'), {
    network: lagging(1000),
  })
  expect(run.outcome).toBe('failed')
})

test('the file must name two different nodes and something to compare', () => {
  const problemsOf = (step: string) => {
    const text = `{ name: t, nodes: { count: 2, prefix: n }, steps: [${step}] }`
    return planWorkflow({ file: 'f', text, kinds: stepSchemas }).problems.map(({ severity }) => severity)
  }
  expect(problemsOf('{ type: wait_for_sync, nodes: [n-1, n-2] }')).toEqual(['error'])
  // The original sees these only when the step is reached.
  expect(problemsOf('{ type: wait_for_sync, nodes: [n-1, n-1], context_id: c }')).toEqual(['warning'])
  expect(problemsOf('{ type: wait_for_sync, nodes: [n-1], group_id: g }')).toEqual(['warning'])
  expect(
    problemsOf('{ type: wait_for_sync, nodes: [n-1, n-2], group_id: g, expect: { method: m, equals: 1 } }'),
  ).toEqual(['error'])
})
