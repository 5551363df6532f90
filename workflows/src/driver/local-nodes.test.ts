import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fakeEngine } from './docker/testing/fake-engine.ts'
import { forgetElsewhere, listLocalNodes, localNodeLog, stopLocalNode } from './local-nodes.ts'
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

test("a node that was started elsewhere is left as it is, and is nobody's here until it is taken for ended", async () => {
  await leaveRunning('n1')
  const here = (await state.get('n1')) ?? expect.fail('no record')
  await state.put({ ...here, process: { pid: 1, startId: 'x', space: 'elsewhere/boot/pid1' } })
  const there = (await state.get('n1')) ?? expect.fail('no record')
  for (const _ of [1, 2]) expect(await statuses()).toEqual([['n1', 'elsewhere']])
  await expect(stopLocalNode(state, there)).rejects.toMatchObject({ code: 'NODE_IN_USE' })
  const { driver } = openProcessDriver({ calnode, stateDir: join(dir, '.calbox') })
  const refused = { code: 'NODE_IN_USE', message: expect.stringContaining('calbox down --forget') }
  await expect(driver.adopt('n1', { signal })).rejects.toMatchObject(refused)
  const spec = { ...there, runId: 'r', rpcPort: undefined, swarmPort: undefined }
  const { rpcPort: _r, swarmPort: _s, ...free } = spec
  await expect(driver.start(free, { signal })).rejects.toMatchObject(refused)
  const [data] = await findNodeData(state, { dataRoot, names: ['n1'] })
  await expect(removeNodeData(state, data ?? expect.fail('no data'))).rejects.toMatchObject(refused)
  await driver.close()
  expect(await state.get('n1')).toEqual(there)
  expect(await forgetElsewhere(state, [there])).toEqual(['n1'])
  expect(await statuses()).toEqual([['n1', 'stopped']])
  await state.put(here)
  expect(await forgetElsewhere(state, [here])).toEqual([])
})

test('the data of a node that a calbox is just starting is not removed', async () => {
  await leaveRunning('n1')
  for (const { record } of await listLocalNodes(state)) await stopLocalNode(state, record)
  const [data] = await findNodeData(state, { dataRoot, names: ['n1'] })
  if (data === undefined) return expect.unreachable()
  const starting = await state.claim('n1')
  await expect(removeNodeData(state, data)).rejects.toMatchObject({ code: 'NODE_IN_USE' })
  expect(existsSync(join(data.directory, 'config.toml'))).toBe(true)
  await starting.release()
  await removeNodeData(state, data)
  expect(existsSync(data.directory)).toBe(false)
})

/** On record as a container that this engine has. */
async function contained(answer: Parameters<typeof fakeEngine>[0]) {
  const { address, asked } = await fakeEngine(answer)
  const place = { id: 'abc', name: 'n1', engine: address }
  const rest = { version: 1, network: 'demo', runId: 'r', state: 'running', rpcPort: 1, swarmPort: 2 } as const
  const paths = { dataDir: join(dataRoot, 'n1'), logFile: join(dir, 'n1.log'), logStart: 0, bootstrap: [], mdns: false }
  const process = { pid: 0, startId: 'container abc' }
  await state.put({ ...rest, ...paths, name: 'n1', process, startedAt: '2026-01-01T00:00:00.000Z', container: place })
  return { asked, record: (await state.get('n1')) ?? expect.fail('no record') }
}

test('a container that has ended by itself stays so until it is stopped, which takes it away', async () => {
  const ended = { body: { State: { Running: false, ExitCode: 137 } } }
  const { asked, record } = await contained((what) => (what.endsWith('/json') ? ended : { body: { StatusCode: 137 } }))
  for (const _ of [1, 2]) expect(await statuses()).toEqual([['n1', 'exited']])
  expect(await stopLocalNode(state, record)).toEqual({ signal: 'SIGKILL' })
  expect(asked).toContain('DELETE /containers/abc')
  expect(await statuses()).toEqual([['n1', 'stopped']])
})

test('a look at an engine that hangs ends with its signal, and does not say that the node has ended', async () => {
  const { asked } = await contained(() => 'never')
  const abort = new AbortController()
  const looking = listLocalNodes(state, { signal: abort.signal })
  while (asked.length === 0) await new Promise(setImmediate)
  abort.abort(new Error('SIGTERM'))
  await expect(looking).rejects.toThrow('SIGTERM')
  expect(await state.get('n1')).toMatchObject({ state: 'running' })
  await state.remove('n1')
})
