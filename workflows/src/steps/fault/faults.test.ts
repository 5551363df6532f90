import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { FixtureDriver } from '../../testing/fixture-driver.ts'
import { faultsOn } from '../../testing/fixture-faults.ts'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml, temporaryDirectory } from '../../testing/run-yaml.ts'

const file = (...steps: string[]) =>
  `name: t\nstop_all_nodes: true\nnodes: { count: 2, prefix: n }\nsteps:\n${steps.map((step) => `  - ${step}`).join('\n')}\n`

test('a node is paused, goes on, and is restarted on its data; logs are kept where the environment says', async () => {
  const driver = new FixtureDriver(new FixtureNetwork())
  const cwd = temporaryDirectory()
  const run = await runYaml(
    file(
      '{ type: pause_container, container: n-1 }',
      '{ type: unpause_container, container: n-1 }',
      '{ type: restart_container, container: n-2, timeout: 5 }',
      '{ type: node_identity, node: n-2 }',
    ),
    { driver, cwd, env: { MEROBOX_RESTART_LOG_DIR: 'kept' } },
  )
  expect(run.failure?.message).toBeUndefined()
  expect(driver.stilled).toEqual(['pause n-1', 'resume n-1'])
  expect(driver.specs.map(({ name }) => name)).toEqual(['n-1', 'n-2', 'n-2'])
  expect(readdirSync(path.join(cwd, 'kept')).map((name) => name.replace(/\d+T\d+Z/, ''))).toEqual([
    'n-2.post-restart-.log',
    'n-2.pre-restart-.log',
  ])
})

test.each([
  'disconnect_node, node: n-1',
  'connect_node, node: n-1, network: x',
  'partition_peers, node: n-1, peers: [n-2]',
  'heal_peers, node: n-1, peers: [n-2]',
  'inject_network_fault, container: n-1, fault: loss, percent: 30, duration: 1',
])('%s fails where nothing can be done to connections, and is never passed over', async (step) => {
  const run = await runYaml(file(`{ type: ${step}, expected_failure: true }`))
  expect(run.failure).toMatchObject({ code: 'unsupported', node: 'n-1' })
})

test('a node is not cut from itself: nothing would be', async () => {
  const run = await runYaml(file('{ type: partition_peers, node: n-1, peers: [n-1] }'))
  expect(run.failure).toMatchObject({ code: 'invalid', message: 'n-1 cannot be cut from itself' })
})

test("node_exec runs the node's program on the data of a stopped node, with files of the step", async () => {
  const driver = new FixtureDriver(new FixtureNetwork())
  const cwd = temporaryDirectory()
  const exec =
    "type: node_exec, node: n-1, files: { /app/data/in.txt: 'of {{x}}' }, args: [account, --from, /app/data/in.txt]"
  const running = await runYaml(file(`{ ${exec} }`), { cwd })
  expect(running.failure?.message).toContain('stop it first')
  const run = await runYaml(
    file(
      '{ type: stop_node, nodes: n-1 }',
      `{ ${exec}, outputs: { first: stdout_first_line, code: exit_code } }`,
      '{ type: node_exec, node: n-1, args: [fail], expected_failure: true, expected_error: no such }',
      '{ type: node_exec, node: n-1, args: [x], files: { ../y: z } }',
    ),
    { driver, cwd },
  )
  const home = path.join(cwd, 'data/n-1')
  expect(run.failure?.message).toContain('not below /app/data')
  expect(driver.commands[0]).toEqual(['account', '--from', path.join(home, 'in.txt')])
  expect(readFileSync(path.join(home, 'in.txt'), 'utf8')).toBe('of x')
  expect([run.variables.get('first'), run.variables.get('code')]).toEqual(['account', 0])
  expect(existsSync(path.join(cwd, 'data/y'))).toBe(false)
})

test('where nodes are on networks of an engine, they leave and join them with the cut; a refusal of the engine cuts nothing', async () => {
  const driver = new FixtureDriver(new FixtureNetwork())
  Object.assign(driver.capabilities, { linkFaults: true })
  const asked: string[] = []
  const onDriver = (what: string) => async (node: { name: string }, network: string | undefined) => {
    asked.push(`${node.name} ${what} ${network}`)
    if (network === 'nowhere') throw new Error('no network nowhere')
    return { network: network ?? 'bridge', changed: true }
  }
  Object.assign(driver, { leaveNetwork: onDriver('leaves'), joinNetwork: onDriver('joins') })
  const run = await runYaml(
    file(
      '{ type: disconnect_node, node: n-1 }',
      '{ type: connect_node, node: n-1 }',
      '{ type: disconnect_node, node: n-2, network: web }',
      '{ type: connect_node, node: n-2, network: nowhere }',
    ),
    { driver },
  )
  expect(asked).toEqual(['n-1 leaves undefined', 'n-1 joins undefined', 'n-2 leaves web', 'n-2 joins nowhere'])
  expect(run.failure?.message).toContain('no network nowhere')
  expect(run.variables.get('__partition_network_n-1')).toBe('bridge')
  expect(run.variables.get('__partition_network_n-2')).toBe('web')
  expect(['n-1', 'n-2'].map((name) => faultsOn(driver.network.node(name)).size)).toEqual([0, 1])
})
