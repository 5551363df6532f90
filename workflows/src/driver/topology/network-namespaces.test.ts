// Real namespaces, where this machine lets us make them.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readlink } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { identify } from '../process/process-identity.ts'
import { until } from '../until.ts'
import { BOOT_HOST, namespaceOf, nodeHost, routerOf } from './nat-plan.ts'
import { inNamespace, type NetworkNamespaces, openNamespaces } from './network-namespaces.ts'

const opened: NetworkNamespaces[] = []

/** Programs and rights may all be there, and a container's kernel still refuse. */
const missing = await open('symmetric').then(
  (made) => made.close(),
  (error: unknown) => String(error),
)
if (missing !== undefined) process.stderr.write(`SKIPPED: tests of network namespaces: ${missing}\n`)
const namespacesTest = test.skipIf(missing !== undefined)

const fixture = fileURLToPath(new URL('../fixtures/namespaces.ts', import.meta.url))
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const each of opened.splice(0)) each.close()
})

async function open(mode: 'cone' | 'symmetric') {
  const { signal } = new AbortController()
  const made = await openNamespaces({ count: 1, mode, runId: 'test', signal, onSpawn: () => {} })
  opened.push(made)
  return made
}

function inside(pid: number | undefined, script: string): ChildProcess {
  const { command, args } = inNamespace(pid ?? 0, process.execPath, ['-e', script])
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return child
}

function linesOf(child: ChildProcess): AsyncIterator<string> {
  if (child.stdout === null) throw new Error('assertion failed: its output is read')
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]()
}

const OWN_PORT = 5_555
/** Says from which port each connection comes that it takes. */
const PUBLIC_SERVER = `require('node:net').createServer((s) => { console.log(s.remoteAddress + ' ' + s.remotePort); s.on('error', () => {}) }).listen(7000, '${BOOT_HOST}', () => console.log('up'))`
const CLIENT = `require('node:net').connect({ host: '${BOOT_HOST}', port: 7000, localPort: ${OWN_PORT} })`

/** The port of the router from which a connection of the node is seen by the boot node's side. */
async function seenPort({ pids }: NetworkNamespaces): Promise<number> {
  const lines = linesOf(inside(pids[0], PUBLIC_SERVER))
  await lines.next()
  inside(pids[namespaceOf(0)], CLIENT)
  const [host, port] = String((await lines.next()).value).split(' ')
  expect(host).toBe('198.51.100.10')
  return Number(port)
}

namespacesTest('cone: others see the router, with the port that the node itself has', async () => {
  expect(await seenPort(await open('cone'))).toBe(OWN_PORT)
})

namespacesTest('symmetric: others see the router, with another port', async () => {
  expect(await seenPort(await open('symmetric'))).not.toBe(OWN_PORT)
})

namespacesTest('nobody outside connects to a node, neither at its router nor through it', async () => {
  const { pids } = await open('cone')
  const server = inside(
    pids[namespaceOf(0)],
    `require('node:net').createServer().listen(7000, () => console.log('up'))`,
  )
  await linesOf(server).next()
  // Through the router, which knows where the node is, from outside of it.
  const route = inNamespace(pids[0] ?? 0, 'ip', ['route', 'add', `${nodeHost(0)}/32`, 'via', '198.51.100.10'])
  await once(spawn(route.command, route.args, { stdio: 'ignore' }), 'exit')
  // Only what is never answered has a limit: how long an answer takes says nothing.
  const attempt = (host: string, timeoutMs: number) =>
    `const s = require('node:net').connect({ host: '${host}', port: 7000, timeout: ${timeoutMs} }); s.on('connect', () => { console.log('connected'); s.destroy() }); s.on('timeout', () => { console.log('silence'); s.destroy() }); s.on('error', (e) => console.log(e.code))`
  const seen = []
  for (const [host, timeoutMs] of [
    ['198.51.100.10', 0],
    [nodeHost(0), 300],
  ] as const) {
    seen.push((await linesOf(inside(pids[0], attempt(host, timeoutMs))).next()).value)
  }
  expect(seen).toEqual(['ECONNREFUSED', 'silence'])
})

namespacesTest('kill -9 of who made them leaves none of them, with nobody there to clean up', async () => {
  const maker = spawn(process.execPath, [fixture], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(maker)
  const pids: unknown = JSON.parse(String((await linesOf(maker).next()).value))
  if (!Array.isArray(pids)) throw new Error('no pids')
  const holders = pids.map((pid) => identify(Number(pid)))
  const ours = await readlink('/proc/self/ns/net')
  for (const pid of pids) expect(await readlink(`/proc/${pid}/ns/net`)).not.toBe(ours)
  expect(holders.length).toBe(1 + routerOf(0) + 1)
  maker.kill('SIGKILL')
  await until({
    probe: async () => {
      const left = pids.filter((pid, index) => identify(Number(pid))?.startId === holders[index]?.startId)
      return left.length === 0 ? { done: undefined } : { seen: `${left.length} holders` }
    },
    timeoutMs: 30_000,
    firstMs: 5,
    maxMs: 50,
    expired: (_, seen) => new Error(`still there: ${seen}`),
  })
})
