import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { NodeDriver, NodeSpec } from '../driver.ts'
import { describeDriverContract, isStopped } from '../driver-contract.ts'
import { LOG_ROTATE_BYTES } from '../limits.ts'
import { NodeState } from '../state/node-state.ts'
import { until } from '../until.ts'
import { openProcessDriver } from './open-process-driver.ts'
import { isPortFree, type PortReservations } from './ports.ts'
import { identify } from './process-identity.ts'

const calnode = fileURLToPath(new URL('../fixtures/fake-node.mjs', import.meta.url))
const { signal } = new AbortController()

let dir: string
let driver: NodeDriver
let ports: PortReservations
let drivers: NodeDriver[]

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calbox-driver-'))
  drivers = []
  ;({ driver, ports } = open())
})

afterEach(async () => {
  for (const each of drivers) await each.close({ graceMs: 0 })
  rmSync(dir, { recursive: true, force: true })
})

function open() {
  const opened = openProcessDriver({ calnode, stateDir: join(dir, '.calbox') })
  drivers.push(opened.driver)
  return opened
}

function spec(name: string, mode = 'ok'): Promise<NodeSpec> {
  return makeSpec(dir, ports, name, mode)
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
    bootstrap: ['/ip4/127.0.0.1/tcp/1'],
    runId: 'run-1',
    mdns: false,
    env: { FAKE_NODE: mode },
  }
}

function record(name: string) {
  return new NodeState(join(dir, '.calbox')).get(name)
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

describeDriverContract('process', () => {
  const own = mkdtempSync(join(tmpdir(), 'calbox-contract-'))
  const opened: ReturnType<typeof openProcessDriver>[] = []
  const state = new NodeState(join(own, '.calbox'))
  return {
    stateDir: join(own, '.calbox'),
    argument: '--mdns',
    command: 'init',
    open() {
      const parts = openProcessDriver({ calnode, stateDir: join(own, '.calbox') })
      opened.push(parts)
      return parts.driver
    },
    spec(name, manner) {
      const [first] = opened
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

test('a started node answers, has its arguments, and is on record', async () => {
  const wanted = await spec('n1')
  const node = await driver.start({ ...wanted, authMode: 'embedded', args: ['--mdns'] }, { signal })
  const health = (await (await fetch(`${node.url}/admin-api/health`)).json()) as { data: { args: string[] } }
  expect(health.data.args).toEqual([
    ...['--home', wanted.dataDir, '--node', 'n1', 'run', '--init'],
    ...['--server-port', String(wanted.rpcPort), '--swarm-port', String(wanted.swarmPort), '--auth-mode', 'embedded'],
    ...['--network', 'run-1', '--enable-faults', '--boot-nodes', '/ip4/127.0.0.1/tcp/1'],
    ...['--log-file', wanted.logFile, '--log-max-bytes', String(LOG_ROTATE_BYTES), '--mdns'],
  ])
  expect(await record('n1')).toMatchObject({ state: 'running', runId: 'run-1', process: { pid: node.pid } })
  expect(node.swarmAddress).toBe(`/ip4/127.0.0.1/tcp/${wanted.swarmPort}`)
})

test('the password of an administrator is in no environment and no argument of its node', async () => {
  const given = await spec('guarded')
  const env = { ...given.env, MERO_AUTH_ADMIN_USER: 'ann', MERO_AUTH_ADMIN_PASSWORD: 'secret password' }
  const node = await driver.start({ ...given, env }, { signal })
  const process = ['environ', 'cmdline'].map((file) => readFileSync(`/proc/${node.pid}/${file}`, 'utf8')).join()
  expect(process).toContain('MERO_AUTH_ADMIN_USER=ann')
  expect(process).not.toContain('secret password')
  expect(readFileSync(given.logFile, 'utf8')).toContain('"length":15,"env":false')
})

test('a node is in a process group of its own, so that Ctrl-C does not reach it', async () => {
  const node = await driver.start(await spec('n1'), { signal })
  const fields = readFileSync(`/proc/${node.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  expect(Number(fields[2])).toBe(node.pid)
})

test('a node that dies at start is reported at once, with how and with its last lines', async () => {
  const dying = driver.start(await spec('n1', 'dies'), { signal, readyTimeoutMs: 600_000 })
  await expect(dying).rejects.toMatchObject({
    code: 'NODE_EXITED',
    exitCode: 3,
    data: {
      node: 'n1',
      logTail: expect.arrayContaining(['calnode: the data directory is not writable']),
      // Its own last words are the cause.
      summary: expect.stringMatching(/ended while starting: .*\nthe data directory is not writable$/),
    },
    message: expect.stringContaining('exit code 3'),
  })
  expect(await record('n1')).toMatchObject({ state: 'stopped' })
})

test('a node that never listens is given up and ended', async () => {
  const late = driver.start(await spec('n1', 'silent'), { signal, readyTimeoutMs: 300 })
  await expect(late).rejects.toMatchObject({
    code: 'START_TIMEOUT',
    exitCode: 4,
    message: expect.stringContaining('ECONNREFUSED'),
  })
  const left = await record('n1')
  expect(left && identify(left.process.pid)).toBeUndefined()
})

test('an abort while starting ends the node and rejects with its reason', async () => {
  const abort = new AbortController()
  const starting = driver.start(await spec('n1', 'silent'), { signal: abort.signal })
  await until({
    probe: async () => ((await record('n1')) ? { done: undefined } : { seen: 'no record' }),
    timeoutMs: 60_000,
    firstMs: 5,
    maxMs: 20,
    expired: () => new Error('never recorded'),
  })
  abort.abort(new Error('enough'))
  await expect(starting).rejects.toThrow('enough')
  expect(await record('n1')).toMatchObject({ state: 'stopped' })
})

test('an explicit busy port is an error that names port and holder', async () => {
  const wanted = await spec('n1')
  const server = await listen(wanted.rpcPort ?? 0)
  try {
    await expect(driver.start(wanted, { signal })).rejects.toMatchObject({
      code: 'PORT_BUSY',
      exitCode: 3,
      message: expect.stringMatching(
        new RegExp(`port ${wanted.rpcPort} \\(rpc of n1\\) is in use by pid ${process.pid} `),
      ),
    })
  } finally {
    server.close()
  }
})

test('without ports the node gets free ones', async () => {
  const { rpcPort: _r, swarmPort: _s, ...wanted } = await spec('n1')
  const taken = await listen(2528).catch(() => undefined)
  try {
    const node = await driver.start(wanted, { signal })
    expect(node.spec.rpcPort).not.toBe(2528)
    expect((await fetch(`${node.url}/admin-api/health`)).status).toBe(200)
  } finally {
    taken?.close()
  }
})

test('close frees what was reserved, and the data stays', async () => {
  const node = await driver.start(await spec('n1', 'stubborn'), { signal })
  await driver.pause(node)
  await Promise.all([driver.close({ graceMs: 50 }), driver.close()])
  expect(await node.exited).toEqual({ signal: 'SIGKILL' })
  expect(await isPortFree(node.spec.rpcPort ?? 0)).toBe(true)
  expect(existsSync(join(dir, 'data', 'n1', 'n1', 'config.toml'))).toBe(true)
})

test('in e2e mode a new node is initialised first, so that its config can be made eager', async () => {
  const wanted = await spec('n1')
  await driver.start({ ...wanted, e2eMode: true }, { signal })
  expect(readFileSync(join(wanted.dataDir, 'n1', 'config.toml'), 'utf8')).toContain('interval_ms = 500')
  const refused = driver.start({ ...(await spec('n2', 'dies')), e2eMode: true }, { signal })
  await expect(refused).rejects.toMatchObject({
    code: 'NODE_EXITED',
    message: expect.stringContaining('cannot be initialised'),
  })
})

test('a program that cannot be started is a clear error', async () => {
  const broken = openProcessDriver({ calnode: join(dir, 'nothing.js'), stateDir: join(dir, '.calbox') })
  drivers.push(broken.driver)
  const wanted = await makeSpec(dir, broken.ports, 'n1')
  await expect(broken.driver.start(wanted, { signal })).rejects.toMatchObject({
    code: 'NODE_EXITED',
    message: expect.stringContaining('nothing.js'),
  })
})
