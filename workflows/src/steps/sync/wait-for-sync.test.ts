import { describe, expect, test } from 'vitest'
import { planWorkflow } from '../../plan/plan.ts'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml, withContext } from '../../testing/run-yaml.ts'
import { stepSchemas } from '../registry.ts'
import { describeCheck } from './sync-report.ts'

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
  expect(run.failure?.message).toContain('n-1 and n-2 have different roots')
  const facts = run.failure?.perNode ?? []
  expect(facts.map(({ node }) => node)).toEqual(['n-1', 'n-2'])
  expect(facts[0]?.facts.root).not.toBe(facts[1]?.facts.root)
})

test('a node that was removed is named as why, with what to do', async () => {
  const network = new FixtureNetwork()
  network.node('n-2').forgedRoot = 'other'
  const run = await runYaml(sync(', timeout: 1'), {
    network,
    onEvent: (event) => {
      if (event.type !== 'step:start' || event.step.kind !== 'wait_for_sync') return
      for (const { members } of network.groups.values()) members.splice(1)
    },
  })
  const [head] = run.failure?.message.split('\n') ?? []
  expect(head).toMatch(/: n-1 and n-2 have different roots; n-2 is no member of the group any more$/)
  expect(run.failure).toMatchObject({ node: 'n-2', help: expect.stringContaining('leave n-2 out of nodes:') })
  expect(run.failure?.perNode?.map(({ facts }) => facts.member)).toEqual([undefined, 'no'])
})

test('equal roots with different heads are not synchronised', async () => {
  const network = new FixtureNetwork()
  network.node('n-2').forgedHeads = [Array.from({ length: 32 }, () => 7)]
  const run = await runYaml(sync(', timeout: 1'), { network })
  expect(run.failure?.message).toContain('the roots are equal, the heads are not')
  expect(run.failure?.perNode?.[1]?.facts.heads).toBe('…07070707')
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
  expect(run.failure?.message.split('\n').at(1)).toBe('  n-2: Client error: HTTP 404: not here')
  expect(run.failure?.logTail?.at(-1)).toContain('last words of n-2')
  const shaky = new FixtureNetwork()
  shaky.node('n-2').fail('GET', /contexts/, 'drop', 2)
  const recovered = await runYaml(sync(', outputs: { checks: attempts }'), { network: shaky })
  expect(recovered.variables.get('checks')).toBe(1)
  expect(recovered.clock.slept).toEqual([500, 500])
})

test('nodes that are still busy with what they were asked to do are not waited for longer than the step may take', async () => {
  const network = lagging(Number.POSITIVE_INFINITY)
  const nodes = ['n-1', 'n-2'].map((name) => network.node(name))
  for (const node of nodes) node.fail('POST', /contexts\/sync/, 'hang', 1000)
  const run = await runYaml(sync(', timeout: 500ms'), {
    network,
    onEvent: (_, { clock }) => {
      for (const node of nodes) node.onHang = () => clock.toNextTimer()
    },
  })
  expect(run.failure?.message).toContain(
    'the nodes do not agree after 500 ms and 1 check: n-1 and n-2 have different roots',
  )
  expect(run.clock.nowMs()).toBe(500)
})

test('the pause before a node that did not answer is read again ends with the step', async () => {
  const network = new FixtureNetwork()
  network.node('n-2').fail('GET', /contexts/, 'drop', 1000)
  const run = await runYaml(sync(', timeout: 700ms, trigger_sync: false'), { network })
  expect(run.failure?.message).toContain('the nodes do not agree after 700 ms and 1 check: n-2 cannot be read')
  expect(run.clock.slept).toEqual([500, 200])
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

test('a timeout says which deltas a node lacks, whose they are and who has them, and what waits', async () => {
  const network = lagging(1000)
  network.node('n-2').waiting.parked = [
    { deltaId: 'ab'.repeat(32), author: 'identity-of-n-1', reason: 'governance', missing: [] },
  ]
  network.node('n-1').waiting.deadLetters = [{ handler: 'on_set', attempts: 5, lastError: 'gone' }]
  const run = await runYaml(sync(', trigger_sync: false, timeout: 2').replace(SET, `${SET}${SET}`), { network })
  const lines = run.failure?.message.split('\n').slice(1) ?? []
  expect(lines).toEqual([
    '  n-1: 1 event handlers given up: on_set (tried 5 times, gone)',
    '  n-2 lacks 2 deltas:',
    expect.stringMatching(/^ {4}…[0-9a-f]{8} of n-1, which n-1 has$/),
    expect.stringMatching(/^ {4}…[0-9a-f]{8} of n-1, which n-1 has$/),
    '  n-2: 1 parked: …abababab of n-1 (waits for governance)',
  ])
  expect(run.failure?.perNode?.[1]?.facts).toMatchObject({
    lacks: '2 deltas',
    waits: '1 parked: …abababab of n-1 (waits for governance)',
  })
})

test('of what is stamped too far ahead it says for how long it is waited, and where to read on', async () => {
  const network = lagging(1000)
  network.node('n-2').waiting.parked = [
    { deltaId: 'ab'.repeat(32), author: 'identity-of-n-1', reason: 'future', missing: [], takenInMs: 2_990_000 },
  ]
  const run = await runYaml(sync(', trigger_sync: false, timeout: 2'), { network })
  expect(run.failure?.message).toContain('  n-2: 1 parked: …abababab of n-1 (waits for future, 50 min yet)\n')
  expect(run.failure?.message).toMatch(/\n {2}what waits for future is stamped .* \(docs\/faults\.md, A wrong clock\)$/)
})

test('of deltas that are far behind only so many are named', async () => {
  const text = sync(', trigger_sync: false, timeout: 1').replace(SET, SET.repeat(30))
  const run = await runYaml(text, { network: lagging(1000) })
  expect(run.failure?.message).toContain('n-2 lacks 20 deltas or more:')
  expect(run.failure?.message.split('\n')).toHaveLength(22)
})

test('nodes that tell nothing of deltas or of what waits are compared by root and heads', async () => {
  const network = lagging(1000)
  for (const name of ['n-1', 'n-2']) {
    network.node(name).namesDeltas = false
    network.node(name).fail('GET', /contexts\/[^/]+\/(waiting|group)/, { status: 404, body: {} }, 1000)
  }
  const late = await runYaml(sync(', trigger_sync: false, timeout: 1'), { network })
  expect(late.failure?.message).toMatch(/n-1 and n-2 have different roots$/)
  network.node('n-2').lagPolls = 0
  expect((await runYaml(sync(''), { network })).failure?.message).toBeUndefined()
})

test('a group shows the heads of its governance', async () => {
  const network = new FixtureNetwork()
  network.node('n-2').forgedGovernance = 'ef'.repeat(32)
  const step = "  - { type: wait_for_sync, group_id: '{{namespace_id}}', nodes: [n-1, n-2], timeout: 1 }"
  const run = await runYaml(withContext(step), { network })
  expect(run.failure?.perNode?.map(({ facts }) => facts['governance heads'])).toEqual(['…abababab', '…efefefef'])
})

describe('on time-out the governance operations that a node lacks are named, with who made them and who has them', () => {
  const operation = (letter: string, kind: string, author: string, time: number) => {
    return { operationId: letter.repeat(64), kind, author, time: String(time) }
  }
  const created = operation('a', 'namespace_created', 'identity-of-n-1', 1)
  const added = operation('b', 'member_added', new FixtureNetwork().node('n-1').account, 2)
  const renamed = operation('c', 'metadata_set', 'somebody-else', 3)

  function network(): FixtureNetwork {
    const made = new FixtureNetwork()
    made.node('n-1').governanceLog = { operations: [renamed, added, created], waiting: 0, missing: [] }
    made.node('n-2').governanceLog = { operations: [created], waiting: 2, missing: ['d'.repeat(64)] }
    made.node('n-2').forgedGovernance = 'ef'.repeat(32)
    return made
  }

  test('for a group alone', async () => {
    const step = "  - { type: wait_for_sync, group_id: '{{namespace_id}}', nodes: [n-1, n-2], timeout: 1 }"
    const run = await runYaml(withContext(step), { network: network() })
    expect(run.failure?.message.split('\n').slice(1)).toEqual([
      '  n-2 lacks 2 governance operations:',
      '    …cccccccc metadata_set of somebody…, which n-1 has',
      '    …bbbbbbbb member_added of n-1, which n-1 has',
      '  n-2: 2 governance operations waiting for …dddddddd',
    ])
    expect(run.failure?.perNode?.[1]?.facts).toMatchObject({
      lacks: '2 governance operations',
      waits: '2 governance operations waiting for …dddddddd',
    })
  })

  test('for a context that is under another governance', async () => {
    const run = await runYaml(sync(', timeout: 1'), { network: network() })
    expect(run.failure?.message).toContain('n-2 lacks 2 governance operations:')
  })

  test('but not those that are older than what was read of it', async () => {
    const long = network()
    const own = Array.from({ length: 200 }, (_, at) => operation(`${at}`.padStart(2, 'e'), 'role_set', 'x', 1000 - at))
    long.node('n-2').governanceLog = { operations: own, waiting: 0, missing: [] }
    const step = "  - { type: wait_for_sync, group_id: '{{namespace_id}}', nodes: [n-1, n-2], timeout: 1 }"
    const run = await runYaml(withContext(step), { network: long })
    expect(run.failure?.message).toContain('n-1 lacks 200 governance operations:')
    expect(run.failure?.message).not.toContain('n-2 lacks')
  })
})

test('nodes that differ are told by their groups', () => {
  const described = (...hashes: string[]) => {
    const sightings = hashes.map((hash, at) => ({ node: `n-${at + 1}`, hash }))
    return describeCheck({ targets: [{ target: { kind: 'context', id: 'C' }, sightings }], converged: false })
  }
  expect(described('a', 'b')).toBe('n-1 and n-2 have different roots')
  expect(described('a', 'b', 'c')).toBe('all 3 nodes have different roots')
  expect(described('a', 'a', 'b')).toBe('n-3 has another root')
  expect(described('a', 'a', 'b', 'b')).toBe('there are 2 different roots: n-1, n-2 | n-3, n-4')
})
