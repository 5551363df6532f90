import { expect, test } from 'vitest'
import { planWorkflow } from '../../plan/plan.ts'
import { FixtureDriver } from '../../testing/fixture-driver.ts'
import { faultsOn } from '../../testing/fixture-faults.ts'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml, type YamlRun, type YamlRunOptions } from '../../testing/run-yaml.ts'
import { stepSchemas } from '../registry.ts'

const file = (steps: readonly string[], count = 3) =>
  `name: t\nstop_all_nodes: true\nnodes: { count: ${count}, prefix: n }\nsteps:\n${steps.map((step) => `  - ${step}`).join('\n')}\n`

interface Seen extends YamlRun {
  /** After each step: what is on, as `node: id rule`. */
  readonly on: readonly string[][]
}

/** On nodes that have a fault port. */
async function run(steps: readonly string[], options: YamlRunOptions = {}): Promise<Seen> {
  const driver = new FixtureDriver(new FixtureNetwork())
  Object.assign(driver.capabilities, { linkFaults: true })
  const on: string[][] = []
  const onEvent: YamlRunOptions['onEvent'] = (event, { network }) => {
    if (event.type !== 'step:end') return
    on.push(
      [...network.nodes.values()].flatMap((node) =>
        [...faultsOn(node)].map(([id, rule]) => `${node.name}: ${id} ${JSON.stringify(rule)}`),
      ),
    )
  }
  const seen = await runYaml(file(steps), { driver, onEvent, ...options })
  return { ...seen, on }
}

const problemsOf = (step: string) =>
  planWorkflow({ file: 'f', text: file([step]), kinds: stepSchemas }).problems.map(({ message }) => message)

const PUT_ON: readonly (readonly [string, readonly string[]])[] = [
  ['partition, nodes: n-1', ['n-1: F {"blocked":true,"direction":"both"}']],
  ['partition, from: n-1, to: n-2', ['n-1: F {"blocked":true,"direction":"out","peers":["peer-of-n-2"]}']],
  [
    'partition, groups: [[n-1], [n-2, n-3]]',
    ['n-1: F {"blocked":true,"direction":"both","peers":["peer-of-n-2","peer-of-n-3"]}'],
  ],
  ['delay, from: n-1, to: n-2, ms: 50', ['n-1: F {"delayMs":50,"direction":"out","peers":["peer-of-n-2"]}']],
  ['jitter, nodes: n-1, ms: 50, seed: s', ['n-1: F {"jitterMs":50,"seed":"s","direction":"out"}']],
  ['loss, to: n-1, percent: 5, seed: s', ['n-1: F {"lossPercent":5,"seed":"s","direction":"in"}']],
  ['loss, to: n-1, percent: 100', ['n-1: F {"lossPercent":100,"direction":"in"}']],
  ['bandwidth, nodes: n-1, bytes_per_second: 9', ['n-1: F {"bytesPerSecond":9,"direction":"out"}']],
  ['reset, nodes: [n-1]', ['n-1: F {"resetPercent":100,"direction":"out"}']],
  ['clock_skew, nodes: n-1, ms: -9', ['n-1: F {"clockOffsetMs":-9}']],
  ['disk_full, nodes: n-1', ['n-1: F {"disk":"full"}']],
  ['read_only, nodes: n-1', ['n-1: F {"disk":"read_only"}']],
  [
    'hold, from: n-1, to: n-2, messages: delta, count: 1',
    ['n-2: F {"message":{"action":"hold","from":["peer-of-n-1"],"kinds":["delta"],"count":1}}'],
  ],
  [
    'drop, from: n-1, percent: 50, seed: s',
    [
      'n-2: F {"message":{"action":"drop","from":["peer-of-n-1"],"percent":50,"seed":"s"}}',
      'n-3: F {"message":{"action":"drop","from":["peer-of-n-1"],"percent":50,"seed":"s"}}',
    ],
  ],
]

test('each is what the port of a node takes, and is taken off by its name', async () => {
  const steps = PUT_ON.flatMap(([fields]) => [`{ type: fault, fault: ${fields}, as: F }`, '{ type: heal, fault: F }'])
  const { on, failure } = await run(steps)
  expect(failure?.message).toBeUndefined()
  expect(on).toEqual(PUT_ON.flatMap(([, expected]) => [expected, []]))
})

test('processes are stopped, killed, paused and restarted, and mended by heal', async () => {
  const { driver, failure } = await run([
    '{ type: fault, fault: pause, nodes: n-1 }',
    '{ type: fault, fault: kill, nodes: n-2, as: dead }',
    '{ type: heal, all: true }',
    '{ type: fault, fault: restart, nodes: n-3 }',
    '{ type: node_identity, node: n-2 }',
  ])
  expect(failure?.message).toBeUndefined()
  expect(driver.stilled).toEqual(['pause n-1', 'resume n-1'])
  expect(driver.specs.map(({ name }) => name).slice(3)).toEqual(['n-2', 'n-3'])
})

test('what is a matter of chance is drawn from the seed of the run, which is told where it was not given', async () => {
  const steps = ['{ type: fault, fault: jitter, nodes: n-1, ms: 5, as: F }']
  expect((await run(steps, { seed: 'given' })).on).toEqual([['n-1: F {"jitterMs":5,"seed":"given","direction":"out"}']])
  const { on, events } = await run(steps)
  const drawn = events.find((event) => event.type === 'run:seed')
  expect(on).toEqual([[`n-1: F {"jitterMs":5,"seed":"${drawn?.seed}","direction":"out"}`]])
})

test('a node that starts again has its faults from its first moment', async () => {
  const { driver, on } = await run([
    '{ type: fault, fault: disk_full, nodes: n-1, as: full }',
    '{ type: stop_node, nodes: n-1 }',
    '{ type: fault, fault: delay, nodes: n-1, ms: 5, as: slow }',
    '{ type: start_node, nodes: n-1 }',
    '{ type: heal, fault: full }',
  ])
  expect(driver.specs.at(-1)?.faults).toEqual([
    { id: 'full', disk: 'full' },
    { id: 'slow', delayMs: 5, direction: 'out' },
  ])
  expect(on.at(-1)).toEqual(['n-1: slow {"delayMs":5,"direction":"out"}'])
})

test('one with a time ends by itself; to heal it after that is no mistake, and all of a node are healed together', async () => {
  const { on, failure, variables } = await run([
    '{ type: fault, fault: loss, percent: 9, nodes: n-1, for: 500ms, as: short }',
    '{ type: fault, fault: hold, from: n-1, to: n-2, as: long }',
    '{ type: wait, seconds: 1 }',
    '{ type: heal, fault: short, outputs: { ended: healed } }',
    '{ type: heal, nodes: n-2 }',
  ])
  expect(failure?.message).toBeUndefined()
  // Whether it is off as soon as its time is over depends on the node.
  expect(on.map((each) => each.length).toSpliced(2, 1)).toEqual([1, 2, 1, 0])
  expect(variables.get('ended')).toMatchObject({ short: { lasted_ms: expect.any(Number), nodes: ['n-1'] } })
})

test('what cannot be meant is said before anything starts', () => {
  expect(problemsOf('{ type: fault, fault: delay, nodes: n-1 }')).toEqual(['"fault: delay" needs "ms"'])
  expect(problemsOf('{ type: fault, fault: pause, from: n-1, to: n-2 }')).toEqual(['"fault: pause" needs "nodes"'])
  expect(problemsOf('{ type: fault, fault: hold }')[0]).toContain('needs one of "nodes", or "from" and "to"')
  expect(problemsOf('{ type: fault, fault: loss, percent: 5, nodes: n-1, count: 2 }')[0]).toContain('have no meaning')
  expect(problemsOf('{ type: fault, fault: lost, nodes: n-1 }').join()).toContain('lost')
  expect(problemsOf('{ type: fault, fault: pause, nodes: n-1, for: 5 parsecs }')).toEqual([
    '"for" must be like 500ms or 5s or 2m, not the text "5 parsecs"',
  ])
  expect(problemsOf('{ type: fault, fault: hold, nodes: n-1, messages: nonsense }')[0]).toContain(
    'must be one of delta, announce',
  )
  expect(problemsOf('{ type: heal }')[0]).toContain('one of "fault", "nodes" and "all"')
  expect(problemsOf('{ type: chaos, context_id: c }')[0]).toContain('neither "steps" nor "for"')
})

const NEVER: readonly (readonly [string, string])[] = [
  [
    'drop, to: n-2, messages: sync',
    '"messages: sync" never come by gossip, which "fault: drop" is of: say "channel: stream"',
  ],
  [
    'replay, nodes: n-2, messages: [delta, hello, blob]',
    '"messages: hello, blob" never come by gossip, which "fault: replay" is of',
  ],
  ['hold, to: n-2, messages: blob, channel: gossip', '"messages: blob" never come by gossip'],
  ['hold, to: n-2, messages: announce, channel: stream', '"messages: announce" never come by streams'],
  ['duplicate, to: n-2, channel: stream', '"fault: duplicate" is of gossip: frames of a stream come once, in order'],
  ['partition, groups: [[n-1, n-2], [n-2, n-3]]', '"groups": n-2 is in two of them'],
  ['partition, from: n-1, to: n-1', '"from" and "to" are the same node'],
  ['drop, from: [n-1], to: n-1', '"from" and "to" are the same node'],
  ['clock_skew, nodes: n-1, ms: 0', '"ms" must not be 0'],
  ['delay, nodes: n-1, ms: 5, percent: 50', '"percent" has no meaning with "fault: delay"'],
  ['loss, nodes: n-1, percent: 5, ms: 5', '"ms" has no meaning with "fault: loss"'],
  ['kill, nodes: n-1, bytes_per_second: 5', '"bytes_per_second" has no meaning with "fault: kill"'],
  ['delay, nodes: n-1, ms: 5, seed: s', '"seed" has no meaning with "fault: delay"'],
]

test.each(NEVER)('what would never happen is refused: %s', (fields, message) => {
  expect(problemsOf(`{ type: fault, fault: ${fields} }`)).toEqual([message])
})

test('what happens is not refused', () => {
  for (const fields of [
    'drop, to: n-2, messages: [sync, delta, heads, governance], channel: stream',
    'hold, to: n-2, messages: [sync, announce, blob]',
    'reorder, nodes: n-2, messages: announce',
    'partition, from: [n-1, n-2], to: [n-2]',
    'reset, nodes: n-1, percent: 5, for: 1ms',
    'hold, nodes: n-1, percent: 5, seed: s',
    'clock_skew, nodes: n-1, ms: -1',
  ]) {
    expect([fields, problemsOf(`{ type: fault, fault: ${fields} }`)]).toEqual([fields, []])
  }
})

test('a name that is made of more nodes than a node takes is cut there, and heals all the same', async () => {
  const name = 'a partition of very many nodes whose names are all in it '.repeat(3)
  const { on, failure } = await run([
    `{ type: fault, fault: disk_full, nodes: n-1, as: '${name}' }`,
    '{ type: heal, all: true }',
  ])
  expect(failure?.message).toBeUndefined()
  expect(on[0]?.[0]?.length).toBeLessThan(150)
  expect(on[1]).toEqual([])
})

test('two of one name, and a name that is not on, are mistakes that name what is on', async () => {
  const again = '{ type: fault, fault: disk_full, nodes: n-1, as: full }'
  expect((await run([again, again])).failure?.message).toContain('a fault named full is on already')
  expect((await run([again, '{ type: heal, fault: ful }'])).failure?.message).toBe(
    'there is no fault named ful; on are full',
  )
})
