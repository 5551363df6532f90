import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listLocalNodes, localNodeLog, stopLocalNode } from './local-nodes.ts'
import { startNetwork } from './network.ts'
import { openProcessDriver } from './process/open-process-driver.ts'
import { identify } from './process/process-identity.ts'
import { findNodeData, removeNodeData } from './state/node-data.ts'
import { NodeState } from './state/node-state.ts'

const calnode = fileURLToPath(new URL('./fixtures/fake-node.mjs', import.meta.url))
const { signal } = new AbortController()

let dir: string
let dataRoot: string
let state: NodeState

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calbox-local-'))
  dataRoot = join(dir, 'data')
  state = new NodeState(join(dir, '.calbox'))
})

afterEach(async () => {
  for (const { record, status } of await listLocalNodes(state)) {
    if (status !== 'stopped') await stopLocalNode(state, record, { graceMs: 0 })
  }
  rmSync(dir, { recursive: true, force: true })
})

/** Nodes that run without a calbox. */
async function leaveRunning(...names: string[]) {
  const { driver, ports } = openProcessDriver({ calnode, stateDir: join(dir, '.calbox') })
  const nodes = names.map((name) => ({ name }))
  const network = await startNetwork(
    { driver, ports, onEvent: () => {} },
    { name: 'demo', nodes, dataRoot },
    { signal },
  )
  for (const node of network.nodes) await driver.keep(node)
  await driver.close()
  return network.nodes
}

async function statuses() {
  return (await listLocalNodes(state)).map(({ record, status }) => [record.name, status])
}

test('the list tells the truth: running, exited once, then stopped', async () => {
  const [first, second] = await leaveRunning('n1', 'n2')
  process.kill(first?.pid ?? 0, 'SIGKILL')
  while (identify(first?.pid ?? 0)) await new Promise(setImmediate)
  expect(await statuses()).toEqual([
    ['n1', 'exited'],
    ['n2', 'running'],
  ])
  process.kill(-(second?.pid ?? 0), 'SIGSTOP')
  expect(await statuses()).toEqual([
    ['n1', 'stopped'],
    ['n2', expect.stringMatching(/paused|running/)],
  ])
})

test('a node is stopped by whoever comes later', async () => {
  const [node] = await leaveRunning('n1')
  const record = await state.get('n1')
  if (record === undefined) return expect.unreachable()
  await stopLocalNode(state, record)
  expect(identify(node?.pid ?? 0)).toBeUndefined()
  expect(await statuses()).toEqual([['n1', 'stopped']])
  expect(await localNodeLog(record).tail(1)).toEqual([expect.stringContaining('listening')])
})

test('data is found by prefix and by record, and only where a config.toml is', async () => {
  await leaveRunning('calimero-node-2', 'other-1')
  for (const [home, file] of [
    ['calimero-node-10', 'config.toml'],
    ['calimero-node-3', 'notes.txt'],
    ['mine-1', 'config.toml'],
  ] as const) {
    mkdirSync(join(dataRoot, home, home), { recursive: true })
    writeFileSync(join(dataRoot, home, home, file), '')
  }
  mkdirSync(join(dataRoot, 'calimero-node-4'))
  symlinkSync(join(dataRoot, 'mine-1', 'mine-1'), join(dataRoot, 'calimero-node-4', 'calimero-node-4'))
  const names = async (query: { prefix?: string; names?: string[] }) =>
    (await findNodeData(state, { dataRoot, ...query })).map(({ name }) => name)
  expect(await names({})).toEqual(['calimero-node-2', 'calimero-node-10', 'other-1'])
  expect(await names({ prefix: 'other' })).toEqual(['other-1'])
  expect(await names({ prefix: 'mine-' })).toEqual(['mine-1'])
  expect(await names({ names: ['mine-1', 'nobody'] })).toEqual(['mine-1'])
})

test('removing data takes the node, its log and its record, and leaves what else lies there', async () => {
  await leaveRunning('n1', 'n2')
  writeFileSync(join(dataRoot, 'n2', 'notes.txt'), 'mine')
  const [one, two] = await findNodeData(state, { dataRoot, names: ['n1', 'n2'] })
  if (one === undefined || two === undefined) return expect.unreachable()
  await expect(removeNodeData(state, one)).rejects.toMatchObject({ code: 'NODE_RUNNING' })
  expect(existsSync(join(one.directory, 'config.toml'))).toBe(true)
  for (const { record } of await listLocalNodes(state)) await stopLocalNode(state, record)
  for (const data of [one, two]) await removeNodeData(state, data)
  expect(existsSync(join(dataRoot, 'n1'))).toBe(false)
  expect(existsSync(two.directory)).toBe(false)
  expect(existsSync(join(dataRoot, 'n2', 'notes.txt'))).toBe(true)
  expect(await state.list()).toEqual([])
})
