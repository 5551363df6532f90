import { expect, test } from 'vitest'
import { historyLines } from '../../report/history-lines.ts'
import { FixtureDriver } from '../../testing/fixture-driver.ts'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml, withContext } from '../../testing/run-yaml.ts'

const SET = "  - { type: call, node: n-1, context_id: '{{context_id}}', method: set, args: { key: a, value: '1' } }\n"
const PARKED = { deltaId: 'parked1', reason: 'future', missing: [] }

test('deltas that are held back, handlers that never ran and calls to make are told of nodes that have the same, and fail nothing', async () => {
  const network = new FixtureNetwork()
  network.node('n-1').waiting.handlers = [{ handler: 'h', attempts: 2 }]
  network.node('n-2').waiting.parked = [PARKED]
  network.node('n-2').waiting.handlers = [{ handler: 'h', attempts: 0 }]
  network.node('n-2').waiting.xcalls = [{}, {}]
  const { outcome, record } = await runYaml(withContext(SET), { network })
  const left = { node: 'n-2', what: ['1 delta parked', '1 event handler to run', '2 calls to other contexts to make'] }
  expect([outcome, record.history]).toMatchObject(['passed', { nodes: ['n-1', 'n-2'], leftWaiting: [left] }])
  expect(record.history && historyLines(record.history).warnings).toEqual([
    expect.stringMatching(
      /^n-2 still has work of context \S+ before it: 1 delta parked, 1 event handler to run, 2 calls to other contexts to make$/,
    ),
  ])
})

test('what is still done within the looks is not told, nor what waits where a member was removed or cut off', async () => {
  const done = new FixtureNetwork()
  let reads = 0
  Object.defineProperty(done.node('n-2').waiting, 'handlers', {
    get: () => {
      reads += 1
      return reads > 6 ? [] : [{ handler: 'h', attempts: 0 }]
    },
  })
  expect((await runYaml(withContext(SET), { network: done })).record.history?.leftWaiting).toEqual([])
  expect(reads).toBeGreaterThan(6)
  const network = new FixtureNetwork()
  const removed = await runYaml(withContext(`${SET}  - { name: aside, type: wait, seconds: 1 }\n`), {
    network,
    onEvent: (event) => {
      if (event.type !== 'step:start' || event.step.name !== 'aside') return
      network.node('n-2').waiting.parked = [PARKED]
      for (const { members } of network.groups.values()) members.splice(1)
    },
  })
  expect(removed.record.history?.leftWaiting).toEqual([])
  const driver = new FixtureDriver(new FixtureNetwork())
  Object.assign(driver.capabilities, { linkFaults: true })
  driver.network.node('n-2').waiting.parked = [PARKED]
  const cut = '  - { type: disconnect_node, node: n-2 }\n'
  expect((await runYaml(withContext(cut + SET), { driver })).record.history?.leftWaiting).toEqual([])
})
