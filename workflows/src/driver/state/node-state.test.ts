import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identify, type ProcessIdentity } from '../process/process-identity.ts'
import { isProcessRunning, liveOwner, type NodeRecord, NodeState } from './node-state.ts'

let dir: string
let state: NodeState
const self: ProcessIdentity = identify(process.pid) ?? { pid: 0, startId: '' }

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calbox-state-'))
  state = new NodeState(dir)
})

afterEach(() => rmSync(dir, { recursive: true, force: true }))

function record(name: string, more: Partial<NodeRecord> = {}): NodeRecord {
  return {
    version: 1,
    name,
    network: 'demo',
    runId: 'cb1',
    state: 'running',
    process: self,
    rpcPort: 1,
    swarmPort: 2,
    dataDir: '/d',
    logFile: '/l',
    logStart: 0,
    bootstrap: [],
    mdns: false,
    startedAt: '2026-01-01T00:00:00.000Z',
    ...more,
  }
}

test('records come back in the order of networks and numbers', async () => {
  for (const [name, network] of [
    ['n10', 'b'],
    ['n2', 'b'],
    ['x', 'a'],
  ] as const)
    await state.put(record(name, { network }))
  expect((await state.list()).map(({ name }) => name)).toEqual(['x', 'n2', 'n10'])
  expect(await state.get('n2')).toEqual(record('n2', { network: 'b' }))
})

test('a record of a name that leads elsewhere stays in the directory, and is not believed', async () => {
  const name = '../../etc/x y'
  await state.put(record(name))
  expect(await state.get(name)).toBeUndefined()
  expect(readdirSync(join(dir, 'nodes'))).toHaveLength(1)
})

test('records are private, whole, and leave no temporary files', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, port) => state.put(record('n1', { rpcPort: port }))))
  expect(readdirSync(join(dir, 'nodes'))).toEqual(['n1.json'])
  expect(statSync(join(dir, 'nodes', 'n1.json')).mode & 0o777).toBe(0o600)
  expect((await state.list())[0]?.name).toBe('n1')
})

test('foreign and broken files are left out', async () => {
  await state.put(record('n1'))
  for (const [file, text] of [
    ['a.json', '{"version":1'],
    ['b.json', '{"version":2}'],
    ['c.json', 'null'],
    ['d.txt', ''],
    ['e.json', JSON.stringify(record('../../victim'))],
  ] as const) {
    writeFileSync(join(dir, 'nodes', file), text)
  }
  expect((await state.list()).map(({ name }) => name)).toEqual(['n1'])
})

test('a directory without state has no nodes', async () => {
  expect(await new NodeState(join(dir, 'missing')).list()).toEqual([])
})

test('state that cannot be written is an environment error', async () => {
  writeFileSync(join(dir, 'file'), '')
  await expect(new NodeState(join(dir, 'file')).put(record('n1'))).rejects.toMatchObject({
    code: 'FILE_UNUSABLE',
    exitCode: 3,
  })
})

test('stopping is recorded for the process that stopped, not for its successor', async () => {
  await state.put(record('n1', { owner: { ...self, driverId: 'd' } }))
  await state.markStopped('n1', { pid: self.pid, startId: 'another' })
  expect(await state.get('n1')).toMatchObject({ state: 'running' })
  await state.markStopped('n1', self)
  expect(await state.get('n1')).toEqual(record('n1', { state: 'stopped' }))
})

test('running is what the process says, not the record', () => {
  expect(isProcessRunning(record('n1'))).toBe(true)
  expect(isProcessRunning(record('n1', { process: { ...self, startId: 'recycled pid' } }))).toBe(false)
})

test('an owner counts while its process lives and is another driver', () => {
  const owned = record('n1', { owner: { ...self, driverId: 'd' } })
  expect(liveOwner(owned, 'other')).toMatchObject({ pid: self.pid })
  expect(liveOwner(owned, 'd')).toBeUndefined()
  const gone = { ...self, startId: 'gone', driverId: 'd' }
  expect(liveOwner(record('n1', { owner: gone }), 'other')).toBeUndefined()
  expect(liveOwner(record('n1', { owner: { ...gone, space: 'elsewhere/boot/pid1' } }), 'other')).toBeDefined()
})

test('only one calbox at a time starts a node of a name', async () => {
  mkdirSync(join(dir, 'nodes'))
  const claim = await state.claim('n1')
  await expect(state.claim('n1')).rejects.toMatchObject({ code: 'NODE_IN_USE' })
  await claim.release()
  await (await state.claim('n1')).release()
})
