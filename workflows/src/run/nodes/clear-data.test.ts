import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identify, isAlive, type ProcessIdentity, selfIdentity } from '../../driver/process/process-identity.ts'
import { NodeState } from '../../driver/state/node-state.ts'
import { planWorkflow } from '../../plan/plan.ts'
import type { Plan } from '../../plan/plan-types.ts'
import { stepSchemas } from '../../steps/registry.ts'
import { clearanceNotes, clearNodeData, endOtherNodes, stopLeftovers } from './clear-data.ts'

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
async function leave(
  name: string,
  { isUsed, network = 'demo' }: { isUsed: boolean; network?: string },
): Promise<ProcessIdentity> {
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
    network,
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

function planOf(nodes: string, settings = ''): Plan {
  const text = `name: w\n${settings}nodes: ${nodes}\nsteps: [{ type: wait, seconds: 1 }]\n`
  return planWorkflow({ file: 'w.yml', text, kinds: stepSchemas }).plan ?? expect.unreachable()
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
  const clearing = clearNodeData(planOf('{ n-1: {} }'), cwd, state, options)
  await expect(clearing).rejects.toMatchObject({ code: 'NODE_RUNNING' })
  expect(isAlive(used)).toBe(true)
  expect(existsSync(path.join(cwd, 'data/n-1/n-1/config.toml'))).toBe(true)
})

test('what is called like the counted nodes goes only where an earlier run of this workflow made it', async () => {
  const mine = await leave('n-3', { isUsed: false, network: 'w' })
  const theirs = await leave('n-9', { isUsed: false, network: 'demo' })
  mkdirSync(path.join(cwd, 'data/n-8/n-8'), { recursive: true })
  writeFileSync(path.join(cwd, 'data/n-8/n-8/config.toml'), '')
  const plan = planOf('{ count: 1, prefix: n }')
  const cleared = await clearNodeData(plan, cwd, state, options)
  expect([mine, theirs].map(isAlive)).toEqual([false, true])
  expect(readdirSync(path.join(cwd, 'data'))).toEqual(['n-8', 'n-9'])
  expect(clearanceNotes('nuke_on_start', plan, cleared)).toEqual([
    { type: 'note', level: 'info', message: 'nuke_on_start: removed the data of n-3' },
    {
      type: 'note',
      level: 'info',
      message:
        'nuke_on_start: the data of n-8, n-9 (of network demo) stays, as no run of w made it; `calbox nuke --prefix n` removes all that are called so',
    },
  ])
})

test('restart ends the nodes of others, and names them', async () => {
  const own = await leave('n-1', { isUsed: false })
  const other = await leave('other', { isUsed: false })
  const notes = await endOtherNodes(planOf('{ count: 1, prefix: n }'), state, options)
  expect([own, other].map(isAlive)).toEqual([true, false])
  expect(notes).toEqual([{ type: 'note', level: 'warning', message: 'restart: ended other' }])
  expect(await endOtherNodes(planOf('{ count: 1, prefix: n }'), state, options)).toEqual([])
})

test('what stays is named once in a run', async () => {
  await leave('n-9', { isUsed: false })
  const notesAtEnd = async (settings: string) => {
    const plan = planOf('{ count: 1, prefix: n }', settings)
    return clearanceNotes('nuke_on_end', plan, await clearNodeData(plan, cwd, state, options))
  }
  expect(await notesAtEnd('nuke_on_start: true\n')).toEqual([])
  expect(await notesAtEnd('')).toHaveLength(1)
})

test('a running node of another network whose name this workflow needs is ended, with a warning that says whose it was', async () => {
  const theirs = await leave('n-1', { isUsed: false, network: 'demo' })
  const plan = planOf('{ count: 1, prefix: n }')
  const cleared = await clearNodeData(plan, cwd, state, options)
  expect(isAlive(theirs)).toBe(false)
  const message = 'nuke_on_start: removed the data of n-1 (of network demo, was running)'
  expect(clearanceNotes('nuke_on_start', plan, cleared)).toEqual([{ type: 'note', level: 'warning', message }])
})
