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
