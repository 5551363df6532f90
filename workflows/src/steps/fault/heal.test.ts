import { expect, test } from 'vitest'
import { FixtureDriver } from '../../testing/fixture-driver.ts'
import { faultsOn } from '../../testing/fixture-faults.ts'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml } from '../../testing/run-yaml.ts'

const file = (...steps: string[]) =>
  `name: t\nstop_all_nodes: true\nnodes: { count: 2, prefix: n }\nsteps:\n${steps.map((step) => `  - ${step}`).join('\n')}\n`

/** Nodes that have a fault port. */
function faultyDriver(): FixtureDriver {
  const driver = new FixtureDriver(new FixtureNetwork())
  Object.assign(driver.capabilities, { linkFaults: true })
  return driver
}

test('one that cannot be healed does not leave the others on, and is named', async () => {
  const driver = faultyDriver()
  const refused = { status: 500, body: { error: 'no' } }
  driver.network.node('n-2').faults.push({ method: 'DELETE', path: /test-api/, answer: refused, times: 1 })
  let onFirst = -1
  const { failure } = await runYaml(
    file(
      '{ type: fault, fault: disk_full, nodes: n-1, as: first }',
      '{ type: fault, fault: disk_full, nodes: n-2, as: second }',
      '{ type: heal, all: true }',
    ),
    {
      driver,
      onEvent: (event) => {
        if (event.type === 'step:end') onFirst = faultsOn(driver.network.node('n-1')).size
      },
    },
  )
  expect(failure?.message).toContain('500')
  expect(onFirst).toBe(0)
})

test('what a fault did before its node was stopped is told with what it did after', async () => {
  const { failure, variables } = await runYaml(
    file(
      '{ type: fault, fault: hold, to: n-2, as: held }',
      '{ type: fault, fault: stop, nodes: n-2 }',
      '{ type: heal, all: true, outputs: { healed: healed } }',
    ),
    { driver: faultyDriver() },
  )
  expect(failure?.message).toBeUndefined()
  // Two of each life: the pretended node says so.
  expect(variables.get('healed')).toMatchObject({ held: { matched: 4 } })
})

test('heal tells different messages from how often they came', async () => {
  const run = await runYaml(
    file('{ type: fault, fault: hold, to: n-2, as: held }', '{ name: end, type: heal, fault: held }'),
    { driver: faultyDriver() },
  )
  const end = run.events.find((event) => event.type === 'step:end' && event.step.name === 'end')
  expect(end).toMatchObject({ summary: 'held (1 message in 2 arrivals)' })
})

test('a node that was begun to be paused with one that could not be goes on', async () => {
  const driver = faultyDriver()
  const { failure } = await runYaml(
    file('{ type: stop_node, nodes: n-2 }', '{ type: fault, fault: pause, nodes: [n-1, n-2] }'),
    { driver },
  )
  expect(failure?.message).toContain('n-2 is not running')
  expect(driver.stilled).toEqual(['pause n-1', 'resume n-1'])
})
