// No real merod is at hand: fixtures/fake-merod.mjs stands in for one, behind an executable of its own.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'smol-toml'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { NodeDriver, NodeSpec } from '../driver.ts'
import { describeDriverContract, isStopped } from '../driver-contract.ts'
import { startNetwork } from '../network.ts'
import { openProcessDriver } from '../process/open-process-driver.ts'
import type { PortReservations } from '../process/ports.ts'
import { identify, isAlive } from '../process/process-identity.ts'
import { findNodeData, removeNodeData } from '../state/node-data.ts'
import { NodeState } from '../state/node-state.ts'
import { identifyProgram } from './identify-program.ts'
import { openMerodDriver } from './open-merod-driver.ts'

const standIn = fileURLToPath(new URL('../fixtures/fake-merod.mjs', import.meta.url))
const calnode = fileURLToPath(new URL('../fixtures/fake-node.mjs', import.meta.url))
const { signal } = new AbortController()

let dir: string
let merod: string
let drivers: NodeDriver[]
let opened: ReturnType<typeof openMerodDriver>

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calbox-merod-'))
  merod = executable(dir)
  drivers = []
  opened = open()
})

afterEach(async () => {
  for (const each of drivers) await each.close({ graceMs: 0 })
  rmSync(dir, { recursive: true, force: true })
})

/** What a user has: a file that runs by itself, or one that starts merod and waits for it. */
function executable(root: string, waits = false): string {
  const file = join(root, waits ? 'wrapped-merod' : 'merod')
  const [before, after] = waits ? ['', 'exit $?\n'] : ['exec ', '']
  writeFileSync(file, `#!/bin/sh\n${before}"${process.execPath}" "${standIn}" "$@"\n${after}`, { mode: 0o755 })
  return file
}

/** A node whose merod was started by a script, and the process of that merod. */
async function wrapped(name: string, mode = 'ok') {
  const { driver, ports } = open({ program: { run: { command: executable(dir, true), args: [] } } })
  const node = await driver.start(await makeSpec(dir, ports, name, mode), { signal })
  const children = readFileSync(`/proc/${node.pid}/task/${node.pid}/children`, 'utf8').trim().split(' ').map(Number)
  const found = identify(children[0] ?? 0) ?? expect.fail('the script has started nothing')
  return { driver, node, merod: found }
}

function open(more: Partial<Parameters<typeof openMerodDriver>[0]> = {}) {
  const parts = openMerodDriver({
    program: { run: { command: merod, args: [] } },
    stateDir: join(dir, '.calbox'),
    ...more,
  })
  drivers.push(parts.driver)
  return parts
}

async function makeSpec(root: string, from: PortReservations, name: string, mode = 'ok'): Promise<NodeSpec> {
  const choose = async () => (await from.choose({ of: name, port: 2428, explicit: false })).port
  const dataDir = join(root, 'data', name)
  return {
    name,
    rpcPort: await choose(),
    swarmPort: await choose(),
    dataDir,
    logFile: join(dataDir, 'logs', `${name}.log`),
    bootstrap: [],
    runId: 'cb0123456789ab',
    mdns: false,
    env: { FAKE_MEROD: mode },
  }
}

function spec(name: string, mode = 'ok'): Promise<NodeSpec> {
  return makeSpec(dir, opened.ports, name, mode)
}

/** What the stand-in was run with, by its own account. */
async function runOf(url: string) {
  const reply = (await (await fetch(`${url}/admin-api/health`)).json()) as { data: unknown }
  return reply.data as { args: string[]; config: Record<string, Record<string, unknown>> }
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

describeDriverContract('merod', () => {
  const own = mkdtempSync(join(tmpdir(), 'calbox-merod-contract-'))
  const run = { command: executable(own), args: [] }
  const state = new NodeState(join(own, '.calbox'))
  const all: ReturnType<typeof openMerodDriver>[] = []
  return {
    stateDir: join(own, '.calbox'),
    argument: '--mock-tee',
    command: 'config',
    open() {
      const parts = openMerodDriver({ program: { run }, stateDir: join(own, '.calbox') })
      all.push(parts)
      return parts.driver
    },
    spec(name, manner) {
      const [first] = all
      if (first === undefined) throw new Error('spec() before open()')
      return makeSpec(own, first.ports, name, manner)
    },
    async runs(name) {
      const found = await state.get(name)
      return found !== undefined && identify(found.process.pid) !== undefined
    },
    async isStill(name) {
      return isStopped((await state.get(name))?.process.pid ?? 0)
    },
    async cleanUp() {
      rmSync(own, { recursive: true, force: true })
    },
  }
})

test('a merod is initialised and run with the arguments, the environment and the config of merobox', async () => {
  const { driver, ports } = open({ args: ['--mock-tee'] })
  const wanted = await makeSpec(dir, ports, 'n1')
  const env = { ...wanted.env, MERO_AUTH_ADMIN_USER: 'dev' }
  const node = await driver.start({ ...wanted, env, authMode: 'embedded', e2eMode: true, mdns: true }, { signal })
  const home = join(wanted.dataDir, 'n1')
  const { args, config } = await runOf(node.url)
  expect(args).toEqual(['--home', home, '--node', 'n1', 'run', '--mock-tee'])
  expect(node.directory).toBe(join(home, 'n1'))
  expect(config).toMatchObject({
    server: { listen: [`/ip4/127.0.0.1/tcp/${wanted.rpcPort}`], auth_mode: 'embedded' },
    bootstrap: { nodes: [] },
    discovery: { mdns: true, rendezvous: { namespace: 'calimero/merobox-tests/456789ab', discovery_rpm: 0.5 } },
    sync: { timeout_ms: 30_000, interval_ms: 500, frequency_ms: 1_000 },
  })
  expect(await driver.logs(node).text()).toContain(`RUST_LOG=debug CALIMERO_HOME=${home}\n`)
  expect(driver).toMatchObject({ kind: 'merod', capabilities: { linkFaults: false } })
})

test('siblings are told of each other by id, over both transports, and the start waits until they are connected', async () => {
  const events: string[] = []
  const request = { name: 'net', nodes: ['n1', 'n2', 'n3'].map((name) => ({ name })), dataRoot: join(dir, 'data') }
  const network = await startNetwork({ ...opened, onEvent: ({ type }) => events.push(type) }, request, { signal })
  expect(events.at(-1)).toBe('meshed')
  const [first, second, third] = await Promise.all(network.nodes.map((node) => runOf(node.url)))
  const quic = (address: string) => address.replace(/\/tcp\/(\d+)/, '/udp/$1/quic-v1')
  const [, two = '', three = ''] = network.nodes.map(({ swarmAddress }) => swarmAddress)
  expect(two).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3KooW\w+$/)
  expect(first?.config.bootstrap).toEqual({ nodes: [two, quic(two), three, quic(three)] })
  // mDNS is off without e2e mode, and all meet at the same place.
  expect([first, second, third].map((run) => run?.config.discovery)).toEqual(Array(3).fill(first?.config.discovery))
  expect(first?.config.discovery).toMatchObject({ mdns: false })
  expect(await opened.members(network.runId)).toContainEqual({ name: 'n2', swarmAddress: two })
})

test('in e2e mode mdns is on, unless the node says otherwise', async () => {
  const nodes = [{ name: 'n1' }, { name: 'n2', mdns: false }]
  const request = { name: 'net', nodes, dataRoot: join(dir, 'data'), e2eMode: true }
  const network = await startNetwork({ ...opened, onEvent: () => {} }, request, { signal })
  const runs = await Promise.all(network.nodes.map((node) => runOf(node.url)))
  expect(runs.map(({ config }) => config.discovery?.mdns)).toEqual([true, false])
})

test('siblings that never meet are an error that says how many there are; a node that wants a token is not waited for', async () => {
  const bootstrap = ['/ip4/127.0.0.1/tcp/1/p2p/12D3KooWtwo', '/ip4/127.0.0.1/tcp/2/p2p/12D3KooWthree']
  const alone = await opened.driver.start({ ...(await spec('n1', 'alone')), bootstrap }, { signal })
  await expect(opened.driver.meshed(alone, { signal, readyTimeoutMs: 50 })).rejects.toMatchObject({
    code: 'MESH_TIMEOUT',
    message: expect.stringMatching(
      /node n1 is not meshed after .*\/admin-api\/peers last gave: (0 of 2 peers|no answer)/,
    ),
  })
  const locked = await opened.driver.start({ ...(await spec('n2', 'locked')), bootstrap }, { signal })
  await opened.driver.meshed(locked, { signal, readyTimeoutMs: 600_000 })
})

test('data of an earlier run gets the ports of this one and keeps its identity', async () => {
  const wanted = await spec('n1')
  const before = await opened.driver.start(wanted, { signal })
  await opened.driver.stop(before)
  const moved = { ...(await spec('other')), name: 'n1', dataDir: wanted.dataDir, logFile: wanted.logFile }
  const after = await opened.driver.start(moved, { signal })
  const idOf = (address: string) => address.split('/').at(-1)
  expect(idOf(after.swarmAddress)).toBe(idOf(before.swarmAddress))
  expect(after.swarmAddress).not.toBe(before.swarmAddress)
  await opened.driver.stop(after)
  await expect(opened.driver.start({ ...moved, authMode: 'embedded' }, { signal })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('was made with auth_mode proxy, not embedded'),
  })
})

test('a merod that dies or cannot have its port is reported with its last lines', async () => {
  const dying = opened.driver.start(await spec('n1', 'dies'), { signal, readyTimeoutMs: 600_000 })
  await expect(dying).rejects.toMatchObject({
    code: 'NODE_EXITED',
    data: { logTail: expect.arrayContaining(['Error: failed to open the datastore: lock held by another process']) },
    message: expect.stringContaining('exit code 1'),
  })
  const wanted = await spec('n2')
  const holder = await listen(wanted.rpcPort ?? 0)
  try {
    await expect(opened.driver.start(wanted, { signal })).rejects.toMatchObject({ code: 'PORT_BUSY' })
  } finally {
    holder.close()
  }
  // Free when it was looked at, and then not: merod says it.
  const { swarmPort: _, ...twice } = await spec('n3')
  await expect(opened.driver.start({ ...twice, swarmPort: twice.rpcPort ?? 0 }, { signal })).rejects.toMatchObject({
    code: 'NODE_EXITED',
    message: expect.stringContaining('Error: failed to listen: listen EADDRINUSE'),
  })
})

test('a merod that never listens is given up and ended', async () => {
  const late = opened.driver.start(await spec('n1', 'silent'), { signal, readyTimeoutMs: 300 })
  await expect(late).rejects.toMatchObject({
    code: 'START_TIMEOUT',
    message: expect.stringContaining('/admin-api/health last gave: ECONNREFUSED'),
  })
  const left = await new NodeState(join(dir, '.calbox')).get('n1')
  expect(left && identify(left.process.pid)).toBeUndefined()
})

test('what init does wrong is said: refused arguments, no config, none that is TOML, no id', async () => {
  const refused = opened.driver.start({ ...(await spec('n1', 'old')), authMode: 'proxy' }, { signal })
  await expect(refused).rejects.toMatchObject({
    code: 'NODE_EXITED',
    message: expect.stringMatching(/cannot be initialised: exit code 2[\s\S]*error: Unknown option '--auth-mode'/),
  })
  const all = { lazy: 'made no', scribbles: 'cannot be read: line 1: Invalid TOML', nameless: 'no identity.peer_id' }
  for (const [mode, said] of Object.entries(all)) {
    await expect(opened.driver.start(await spec(mode, mode), { signal })).rejects.toMatchObject({
      code: 'PROGRAM_UNUSABLE',
      message: expect.stringContaining(said),
    })
  }
})

test('an abort ends an init that hangs', async () => {
  const abort = new AbortController()
  const wanted = await spec('n1', 'hangs')
  const starting = opened.driver.start(wanted, { signal: abort.signal })
  abort.abort(new Error('enough'))
  await expect(starting).rejects.toThrow('enough')
  expect(await new NodeState(join(dir, '.calbox')).get('n1')).toBeUndefined()
})

test('faults at the start are refused: merod takes none', async () => {
  const faulty = { ...(await spec('n1')), faults: [{ action: 'drop' }] }
  await expect(opened.driver.start(faulty, { signal })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: 'node n1 cannot be started with faults: merod takes none',
  })
})

test('a command runs once on the data of a node', async () => {
  const wanted = await spec('n1')
  const node = await opened.driver.start(wanted, { signal })
  await opened.driver.stop(node)
  const end = await opened.driver.exec?.(node.spec, ['config'], { signal, timeoutMs: 60_000 })
  expect(end?.exitCode).toBe(0)
  expect(parse(end?.stdout ?? '')).toHaveProperty('identity.peer_id')
})

test('drivers of the two programs leave each other their nodes, and nuke finds the data of both', async () => {
  const wanted = await spec('n1')
  const node = await opened.driver.start(wanted, { signal })
  await opened.driver.keep(node)
  const other = openProcessDriver({ calnode, stateDir: join(dir, '.calbox') })
  drivers.push(other.driver)
  await opened.driver.close()
  await expect(other.driver.adopt('n1', { signal })).rejects.toMatchObject({
    code: 'NODE_RUNNING',
    message: expect.stringContaining('runs merod'),
  })
  expect(await other.members(wanted.runId)).toEqual([])
  const next = open()
  const again = await next.driver.adopt('n1', { signal })
  expect(again?.swarmAddress).toBe(node.swarmAddress)
  if (again) await next.driver.stop(again)
  await next.driver.close()
  const own = await other.driver.start({ ...wanted, env: {} }, { signal })
  await other.driver.stop(own)
  const directory = join(wanted.dataDir, 'n1')
  for (const config of ['config.toml', 'n1/config.toml']) expect(existsSync(join(directory, config))).toBe(true)
  rmSync(join(directory, 'config.toml'))
  const state = new NodeState(join(dir, '.calbox'))
  const [data] = await findNodeData(state, { dataRoot: join(dir, 'data'), names: ['n1'] })
  expect(data?.directory).toBe(directory)
  if (data) await removeNodeData(state, data)
  expect(existsSync(directory)).toBe(false)
})

test('a merod that a script has started ends with that: told to at a stop, and after the grace, a kill or the end of the script at once', async () => {
  const polite = await wrapped('n1')
  await polite.driver.stop(polite.node, { graceMs: 600_000 })
  expect(isAlive(polite.merod)).toBe(false)
  expect(await polite.driver.logs(polite.node).text()).toContain('merod: ends\n')
  // Its ports are free again.
  await polite.driver.start(polite.node.spec, { signal })
  const stubborn = await wrapped('n2', 'stubborn')
  await stubborn.driver.stop(stubborn.node, { graceMs: 50 })
  expect(isAlive(stubborn.merod)).toBe(false)
  const killed = await wrapped('n3')
  await killed.driver.kill(killed.node)
  expect(isAlive(killed.merod)).toBe(false)
  const left = await wrapped('n4', 'stubborn')
  process.kill(left.node.pid ?? 0, 'SIGKILL')
  expect(await left.node.exited).toEqual({ signal: 'SIGKILL' })
  expect(isAlive(left.merod)).toBe(false)
})

test('a file is taken for what it says it is', async () => {
  const env = (mode: string) => ({ env: { ...process.env, FAKE_MEROD: mode }, signal })
  const found = await identifyProgram(merod, env('ok'))
  expect(found).toMatchObject({ kind: 'merod', version: '0.0.0-stand-in', run: { command: found.file, args: [] } })
  expect(await identifyProgram(merod, env('mute'))).toMatchObject({ kind: 'merod', version: undefined })
  // Written for Node: run with this one, whatever the first line names.
  expect((await identifyProgram(standIn, env('ok'))).run).toEqual({ command: process.execPath, args: [standIn] })
  await expect(identifyProgram(merod, env('garbage'))).rejects.toMatchObject({
    code: 'PROGRAM_UNUSABLE',
    message: expect.stringContaining('neither merod nor calnode by what it says of itself: --version says "'),
  })
  await expect(identifyProgram(join(dir, 'nothing'), env('ok'))).rejects.toThrow('there is no such file')
  mkdirSync(join(dir, 'folder'))
  await expect(identifyProgram(join(dir, 'folder'), env('ok'))).rejects.toMatchObject({ code: 'PROGRAM_UNUSABLE' })
  const text = join(dir, 'text')
  writeFileSync(text, 'no program\n')
  await expect(identifyProgram(text, env('ok'))).rejects.toThrow('it cannot be executed (EACCES)')
  expect(readFileSync(text, 'utf8')).toBe('no program\n')
})
