import { expect, test } from 'vitest'
import { FixtureDriver } from '../../testing/fixture-driver.ts'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { notesOf, runYaml, withContext } from '../../testing/run-yaml.ts'

const STEPS = `
  - { name: ahead, type: wait, seconds: 1 }
  - { name: watch, type: assert_ws_event, node: n-1, group_id: '{{namespace_id}}', event: NodeUp }
`

async function run(hanging: number) {
  const network = new FixtureNetwork()
  const node = network.node('n-1')
  node.events.push({ type: 'NodeUp', groupId: 'g', data: {} })
  node.hangingSockets = hanging
  return runYaml(withContext(STEPS), {
    network,
    onEvent: (_, { clock }) => {
      node.onHang = () => clock.toNextTimer()
    },
  })
}

test('a step that cannot begin before the one ahead of it says so, and begins when its turn comes', async () => {
  const late =
    'assert_ws_event could not begin within 1 s, before the step ahead of it: what that brings about may be missed'
  const seen = await run(1)
  expect(notesOf(seen)).toContain(late)
  expect(seen.network.node('n-1').sockets.length).toBe(2)
  const inTime = await run(0)
  expect(notesOf(inTime)).not.toContain(late)
  expect(inTime.network.node('n-1').sockets.length).toBe(1)
})

test('what a step has open is closed where the step ahead of it fails', async () => {
  const network = new FixtureNetwork()
  const node = network.node('n-1')
  let left: number | undefined
  class PatientDriver extends FixtureDriver {
    override async close(): Promise<void> {
      await expect.poll(() => node.listeners.size, { timeout: 5000 }).toBe(0)
      left = node.listeners.size
      await super.close()
    }
  }
  const failing = STEPS.replace('type: wait, seconds: 1', "type: assert, statements: ['1 == 2']")
  const run = await runYaml(withContext(failing), { driver: new PatientDriver(network) })
  expect(run.failure?.code).toBe('assertion')
  expect([node.sockets.length, left]).toEqual([1, 0])
})
