import { expect, test } from 'vitest'
import { failureReport } from '../../report/screen/failure-report.ts'
import { FixtureDriver } from '../../testing/fixture-driver.ts'
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

const FAILS = "{ type: assert, statements: ['1 == 2'] }"

async function faultsAtTheEnd(...steps: string[]): Promise<unknown> {
  const { failure } = await runYaml(file(...steps, FAILS), { driver: faultyDriver() })
  return failure?.faultsOn?.map(({ what, nodes, place }) => [what, nodes.join(), place?.line]).toSorted()
}

test('a failure names each fault that is on, with its ends and its line; what was healed it does not name', async () => {
  expect(
    await faultsAtTheEnd(
      '{ type: fault, fault: hold, to: n-2, as: h }',
      '{ type: partition_peers, node: n-1, peers: [n-2] }',
      '{ type: disconnect_node, node: n-2 }',
      '{ type: fault, fault: disk_full, nodes: n-1, as: full }',
      '{ type: heal, fault: full }',
    ),
  ).toEqual([
    ['hold from all to n-2', 'n-2', 5],
    ['n-1 apart from n-2', 'n-1,n-2', 6],
    ['n-2 disconnected', 'n-2', 7],
  ])
  expect(
    await faultsAtTheEnd(
      '{ type: partition_peers, node: n-1, peers: [n-2] }',
      '{ type: heal_peers, node: n-2, peers: [n-1] }',
    ),
  ).toBeUndefined()
})

test('the last screen says them with their place; once for steps that failed beside each other', async () => {
  const { failure } = await runYaml(
    file(
      '{ type: partition_peers, node: n-1, peers: [n-2] }',
      `{ type: parallel, groups: [ { steps: [ ${FAILS} ] }, { steps: [ ${FAILS} ] } ] }`,
    ),
    { driver: faultyDriver() },
  )
  if (failure === undefined) return expect.unreachable()
  const said = failureReport({ failure }).filter((line) => line.includes('a fault was on'))
  expect(said).toEqual([expect.stringMatching(/a fault was on: n-1 apart from n-2 {2}\S+:5:\d+$/)])
})

test('a run that passes says what was still on when its last step had passed', async () => {
  const notes = async (...steps: string[]) => {
    const { record } = await runYaml(file(...steps), { driver: faultyDriver() })
    return record.notes.filter((note) => note.startsWith('still on'))
  }
  const cut = '{ type: disconnect_node, node: n-2 }'
  const fault = '{ type: fault, fault: hold, to: n-2, as: h }'
  expect(await notes(fault, cut)).toEqual([
    expect.stringMatching(
      /^still on when the last step had passed: hold from all to n-2 \(\S+:5:\d+\); n-2 disconnected \(\S+:6:\d+\)$/,
    ),
  ])
  const healed = await notes(fault, cut, '{ type: heal, fault: h }', '{ type: connect_node, node: n-2 }')
  expect(healed).toEqual([])
})

test('what a signal of somebody else holds still is no fault of the workflow, and is waited for with what lets it go on', async () => {
  const driver = faultyDriver()
  const wait = (more = '') => [
    '{ type: install_application, node: n-1, path: app.wasm, dev: true, outputs: { app: applicationId } }',
    "{ type: create_mesh, context_node: n-1, application_id: '{{app}}', nodes: [n-2], outputs: { c: contextId } }",
    ...(more === '' ? [] : [more]),
    "{ type: wait_for_sync, context_id: '{{c}}', nodes: [n-1, n-2], timeout: 1 }",
  ]
  const { failure } = await runYaml(file(...wait()), {
    driver,
    onEvent: (event) => {
      if (event.type === 'step:start' && event.step.kind === 'wait_for_sync') driver.still.add('n-2')
    },
  })
  const outside = 'is held still from outside of the run, by no step of it (process of n-2 is stopped)'
  expect(failure?.message).toContain(`n-2: it ${outside}`)
  expect(failure?.faultsOn).toEqual([{ what: `n-2 ${outside}`, nodes: ['n-2'] }])
  const messageWith = async (step: string) =>
    (await runYaml(file(...wait(step)), { driver: faultyDriver() })).failure?.message
  const byFault = await messageWith('{ type: fault, fault: pause, nodes: n-2, as: still }')
  expect(byFault).toContain('n-2: it is paused, and answers nobody until the fault still is healed')
  const byStep = await messageWith('{ type: pause_container, container: n-2 }')
  expect(byStep).toContain('n-2: it is paused, and answers nobody until unpause_container')
})

test('what is asked of a node that a fault has ended is refused with what starts it again', async () => {
  const ask = '{ type: node_identity, node: n-2 }'
  const helpAfter = async (step: string) => (await runYaml(file(step, ask), { driver: faultyDriver() })).failure?.help
  expect(await helpAfter('{ type: fault, fault: kill, nodes: n-2, as: dead }')).toBe(
    'end the fault dead in a step before this one: type: heal',
  )
  expect(await helpAfter('{ type: stop_node, nodes: n-2 }')).toBe(
    'start it in a step before this one: type: start_node',
  )
})
