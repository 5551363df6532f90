import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identify, isAlive, type ProcessIdentity, selfIdentity } from '../../driver/process/process-identity.ts'
import { NodeState } from '../../driver/state/node-state.ts'
import { planWorkflow } from '../../plan/plan.ts'
import { stepSchemas } from '../../steps/registry.ts'
import { clearNodeData, stopLeftovers } from './clear-data.ts'

const options = { signal: new AbortController().signal }

let cwd: string
let state: NodeState
let running: ProcessIdentity[]

beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'calbox-clear-'))
  state = new NodeState(path.join(cwd, '.calbox'))
  running = []
})

afterEach(() => {
  for (const each of running) if (isAlive(each)) process.kill(each.pid, 'SIGKILL')
  rmSync(cwd, { recursive: true, force: true })
})

/** A node that is on record as running, with data; one that a calbox is using has an owner: this process. */
async function leave(name: string, { isUsed }: { isUsed: boolean }): Promise<ProcessIdentity> {
  const child = spawn(process.execPath, ['-e', "console.log('up'); setInterval(() => {}, 1e6)"], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await once(child.stdout, 'data')
  const identity = identify(child.pid ?? 0) ?? expect.unreachable()
  running.push(identity)
  const home = path.join(cwd, 'data', name)
  mkdirSync(path.join(home, name), { recursive: true })
  writeFileSync(path.join(home, name, 'config.toml'), '')
  await state.put({
    version: 1,
    name,
    network: 'demo',
    runId: 'cb1',
    state: 'running',
    process: identity,
    rpcPort: 1,
    swarmPort: 2,
    dataDir: home,
    logFile: path.join(home, 'logs', `${name}.log`),
    logStart: 0,
    bootstrap: [],
    mdns: false,
    startedAt: '2026-01-01T00:00:00.000Z',
    ...(isUsed && { owner: { ...selfIdentity(), driverId: 'another' } }),
  })
  return identity
}

test('of the nodes that are left over those stop that no calbox is using', async () => {
  const used = await leave('n-1', { isUsed: true })
  const left = await leave('n-2', { isUsed: false })
  const other = await leave('other', { isUsed: false })
  expect(await stopLeftovers(state, (name) => name.startsWith('n-'), options)).toEqual(['n-2'])
  expect([used, left, other].map(isAlive)).toEqual([true, false, true])
})

test('data of a node that another calbox is using stays, and so does the node', async () => {
  const used = await leave('n-1', { isUsed: true })
  const text = 'name: w\nnodes: { n-1: {} }\nsteps: [{ type: wait, seconds: 1 }]\n'
  const { plan } = planWorkflow({ file: 'w.yml', text, kinds: stepSchemas })
  const clearing = clearNodeData(plan ?? expect.unreachable(), cwd, state, options)
  await expect(clearing).rejects.toMatchObject({ code: 'NODE_RUNNING' })
  expect(isAlive(used)).toBe(true)
  expect(existsSync(path.join(cwd, 'data/n-1/n-1/config.toml'))).toBe(true)
})
