import { expect, test } from 'vitest'
import { FixtureDriver } from '../../testing/fixture-driver.ts'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { notesOf, runYaml, withContext, type YamlRun } from '../../testing/run-yaml.ts'

const file = (...steps: string[]) =>
  `name: t\nstop_all_nodes: true\nnodes: { count: 2, prefix: n }\nsteps:\n${steps.map((step) => `  - ${step}`).join('\n')}\n`

interface Seen extends YamlRun {
  /** What was done to nodes, in order: `pause n-1`, `start n-1`. */
  readonly done: readonly string[]
}

async function run(text: string): Promise<Seen> {
  const driver = new FixtureDriver(new FixtureNetwork())
  const { stilled } = driver
  const seen = await runYaml(text, {
    driver,
    onEvent: (event) => {
      if (event.type === 'node:ready' && !event.reused) stilled.push(`start ${event.node}`)
      if (event.type === 'node:exited') stilled.push(`end ${event.node}`)
    },
  })
  // Of the run: all are started first, and stopped last.
  return { ...seen, done: stilled.slice(2, -2) }
}

const heal = (name: string) => `{ type: heal, fault: ${name}, outputs: { ${name}: healed } }`

test('of faults of one process each holds it until its own end', async () => {
  const { done, failure } = await run(
    file(
      '{ type: fault, fault: pause, nodes: n-1, for: 2s, as: short }',
      '{ type: fault, fault: pause, nodes: n-1, as: long }',
      '{ type: fault, fault: stop, nodes: n-2, as: first }',
      '{ type: fault, fault: kill, nodes: n-2, as: second }',
      '{ type: wait, seconds: 3 }',
      heal('first'),
      '{ type: wait, seconds: 1 }',
      heal('long'),
      heal('second'),
    ),
  )
  expect(failure?.message).toBeUndefined()
  expect(done).toEqual(['pause n-1', 'pause n-1', 'end n-2', 'resume n-1', 'start n-2'])
})

test('a node that stood still does so again after a stop that came in between', async () => {
  const { done, failure } = await run(
    file(
      '{ type: fault, fault: pause, nodes: n-1, as: still }',
      '{ type: fault, fault: stop, nodes: n-1, as: down }',
      heal('down'),
      heal('still'),
    ),
  )
  expect(failure?.message).toBeUndefined()
  expect(done).toEqual(['pause n-1', 'end n-1', 'start n-1', 'pause n-1', 'resume n-1'])
})

test('what a step asked for outlasts a fault', async () => {
  const { done, failure } = await run(
    file(
      '{ type: fault, fault: pause, nodes: n-1, as: still }',
      '{ type: pause_container, container: n-1 }',
      heal('still'),
      '{ type: fault, fault: kill, nodes: n-2, as: dead }',
      '{ type: stop_node, nodes: n-2 }',
      heal('dead'),
      '{ type: unpause_container, container: n-1 }',
      '{ type: start_node, nodes: n-2 }',
    ),
  )
  expect(failure?.message).toBeUndefined()
  expect(done).toEqual(['pause n-1', 'pause n-1', 'end n-2', 'resume n-1', 'start n-2'])
})

test.each([
  ['pause', 'unpause_container, container: n-2', 'a step has resumed n-2'],
  ['pause', 'restart_container, container: n-2', 'a step has stopped n-2'],
  ['kill', 'start_node, nodes: n-2', 'a step has started n-2'],
])('of %s, %s is the end, with a warning, and what is written after it does not count', async (kind, step, how) => {
  const write = (key: string) =>
    `{ type: call, node: n-1, context_id: '{{context_id}}', method: set, args: { key: ${key}, value: v } }`
  const steps = [
    `{ type: fault, fault: ${kind}, nodes: n-2, as: F }`,
    write('met'),
    '{ type: wait, seconds: 1 }',
    `{ type: ${step} }`,
    write('missed'),
    '{ type: wait, seconds: 5 }',
    heal('F'),
  ]
  const seen = await run(withContext(steps.map((each) => `\n  - ${each}`).join('')))
  expect(seen.failure?.message).toBeUndefined()
  expect(seen.variables.get('F')).toMatchObject({ F: { writes: 1, lasted_ms: 1000 } })
  expect(notesOf(seen).filter((note) => note.includes('fault F'))).toEqual([`${how}: that ended the fault F`])
})

test('a fault of two nodes goes on on the one that no step has started', async () => {
  const seen = await run(
    file(
      '{ type: fault, fault: stop, nodes: [n-1, n-2], as: F }',
      '{ type: start_node, nodes: n-1 }',
      "{ type: assert, statements: ['1 == 2'] }",
    ),
  )
  expect(notesOf(seen).join()).toContain('that ended the fault F there; on its other nodes it goes on')
  expect(seen.failure?.faultsOn?.map(({ what }) => what)).toEqual(['stop of n-1, n-2'])
})

test.each(['stop', 'kill', 'pause', 'restart'])(
  '%s of a node that a step has stopped would be none, and fails',
  async (kind) => {
    const { done, failure } = await run(
      file('{ type: stop_node, nodes: n-2 }', `{ type: fault, fault: ${kind}, nodes: n-2 }`),
    )
    expect(failure).toMatchObject({ code: 'not_running', node: 'n-2' })
    expect(done).toEqual([])
  },
)

test('a restart leaves a node down that a fault holds down, and fails; one that stands still does so again', async () => {
  const down = await run(
    file('{ type: fault, fault: stop, nodes: n-1 }', '{ type: fault, fault: restart, nodes: n-1 }'),
  )
  expect(down.failure).toMatchObject({ code: 'not_running', node: 'n-1' })
  const still = await run(
    file(
      '{ type: fault, fault: pause, nodes: n-1 }',
      '{ type: fault, fault: restart, nodes: n-1 }',
      '{ type: heal, all: true }',
    ),
  )
  expect(still.done).toEqual(['pause n-1', 'end n-1', 'start n-1', 'pause n-1', 'resume n-1'])
})
