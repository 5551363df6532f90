// `npm run orphan-test -- --seed N`: `kill -9` of calbox at 20 random moments of a run: while it loads, while nodes start,
// with a node that is paused, inside `parallel`, in a script, in a
// command on a node's data, while it ends. 5 s later no process of the run is left and no port in use; with `--driver docker`
// 10 s later, and no container and no network. `--kills N`: fewer are spread over the moments. `--without-reaper` kills the reaper first: then nodes must be left, and this must say so (exit code 1). Linux only.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { buildFirst } from './build-first.ts'
import { scriptOptions, wholeNumber } from './command-line.ts'
import { leftInEngine, removeFromEngine } from './left-in-engine.ts'
import { MARK, processesOf } from './marked-processes.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const APP = path.join(ROOT, 'apps/kv-store/build/kv-store.wasm')
const NODES = 3
/** No kill is waited for longer: the run has failed by itself. */
const MOMENT_MS = 180_000
/** Of an older Node.js, under which the launcher runs calbox in a process of its own. */
const OLD_NODE = '/usr/bin/node'

interface Moment {
  readonly name: string
  /** What calbox has written by then; without it the time counts from the start of calbox. */
  readonly after?: RegExp
  /** Before the last step: what does not end by itself. */
  readonly steps?: string
  /** Processes of the run that there are by then, and containers. */
  readonly processes?: number
  readonly delayMs: number
}

/** The delay is drawn up to the one named here. */
const MOMENTS: readonly Moment[] = [
  { name: 'while calbox loads', delayMs: 400 },
  { name: 'while the first node starts', processes: 2, delayMs: 300 },
  { name: 'while nodes start', processes: 1 + NODES, delayMs: 1500 },
  { name: 'when the nodes are meshed', after: /meshed/, delayMs: 300 },
  { name: 'while a context is made', after: /Install/, delayMs: 600 },
  { name: 'with a paused node, inside parallel', after: /Pause/, delayMs: 3000 },
  { name: 'when the paused node goes on', after: /Resume/, delayMs: 500 },
  {
    name: 'while a script runs',
    after: /script is up/,
    steps: '  - { name: Script, type: script, target: local, script: hold.sh }\n',
    delayMs: 300,
  },
  {
    name: "while a command on a node's data runs",
    after: /Aside/,
    steps: '  - { name: Aside, type: stop_node, nodes: o3 }\n  - { type: node_exec, node: o3, args: [run] }\n',
    delayMs: 2000,
  },
  { name: 'while the nodes are ended', after: /Last/, delayMs: 100 },
]

/** With a child in its group, and one that holds its output. */
const SCRIPT = 'sleep 300 >/dev/null & sleep 300 & echo script is up; sleep 300\n'

function workflowText(ports: readonly number[], more = ''): string {
  const node = (at: number) => `  o${at}: { port: ${ports[2 * at - 2]}, rpc_port: ${ports[2 * at - 1]} }`
  return `name: orphans
nodes:
${Array.from({ length: NODES }, (_, at) => node(at + 1)).join('\n')}
stop_all_nodes: true
steps:
  - { name: Install, type: install_application, node: o1, path: ${APP}, dev: true, outputs: { app: applicationId } }
  - { name: Share, type: create_mesh, context_node: o1, application_id: '{{app}}', nodes: [o2, o3], outputs: { ctx: contextId } }
  - { name: Pause, type: pause_container, container: o3 }
  - name: Beside each other
    type: parallel
    groups:
      - name: writers
        count: 20
        steps:
          - { name: Write, type: call, node: o1, context_id: '{{ctx}}', method: set, args: { key: a, value: 'v{{iteration}}' } }
      - name: program
        steps:
          - { name: Wait, type: wait, seconds: 3 }
  - { name: Resume, type: unpause_container, container: o3 }
${more}  - { name: Last, type: wait, seconds: 1 }
`
}

interface Round {
  readonly mark: string
  readonly calbox: ChildProcess
  readonly ports: readonly number[]
  readonly folder: string
  readonly written: () => string
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => {
    const address = server.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  })
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

async function startRound(node: string, { steps }: Moment): Promise<Round> {
  const folder = await mkdtemp(path.join(tmpdir(), 'calbox-orphans-'))
  const ports = await freePorts(2 * NODES)
  const file = path.join(folder, 'workflow.yml')
  await writeFile(file, workflowText(ports, steps))
  await writeFile(path.join(folder, 'hold.sh'), SCRIPT)
  const mark = randomUUID()
  const env = { ...process.env, [MARK]: mark, CI: 'true' }
  const calbox = spawn(node, [path.resolve(values.calbox), 'run', file, '--driver', values.driver], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [calbox.stdout, calbox.stderr]) {
    stream.on('data', (chunk) => {
      text += String(chunk)
    })
  }
  return { mark, calbox, ports, folder, written: () => text }
}

async function usedPorts(ports: readonly number[]): Promise<number[]> {
  const used = await Promise.all(
    ports.map(async (port) => {
      const socket = connect(port, '127.0.0.1')
      const answers = await Promise.race([
        once(socket, 'connect').then(() => true),
        once(socket, 'error').then(() => false),
      ]).catch(() => false)
      socket.destroy()
      return answers ? [port] : []
    }),
  )
  return used.flat()
}

const isDocker = () => values.driver === 'docker'

/** Of a run in containers, what the engine has of it. */
async function inEngine({ folder }: Round): Promise<string[]> {
  return isDocker() ? leftInEngine(folder) : []
}

async function hasStarted(round: Round): Promise<number> {
  const containers = (await inEngine(round)).filter((thing) => thing.startsWith('container'))
  return (await processesOf(round.mark)).length + containers.length
}

/** Resolves when the moment has come, or says why it never will. */
async function reach(moment: Moment, waitMs: number, round: Round): Promise<string | undefined> {
  const end = Date.now() + MOMENT_MS
  for (;;) {
    const hasWritten = moment.after === undefined || moment.after.test(round.written())
    if (hasWritten && (moment.processes === undefined || (await hasStarted(round)) > moment.processes)) break
    if (round.calbox.exitCode !== null) return `calbox ended before (${round.calbox.exitCode}):\n${round.written()}`
    if (Date.now() > end) return `it never came:\n${round.written()}`
    await delay(5)
  }
  await delay(waitMs)
  return undefined
}

/** An engine takes its time to remove a container. */
const goneMs = () => (isDocker() ? 10_000 : 5000)

/** Milliseconds until nothing was left; undefined: something is. */
async function untilGone(round: Round): Promise<number | undefined> {
  const started = Date.now()
  for (;;) {
    const things = await Promise.all([processesOf(round.mark), usedPorts(round.ports), inEngine(round)])
    const elapsed = Date.now() - started
    if (things.flat().length === 0) return elapsed
    if (elapsed > goneMs()) return undefined
    await delay(50)
  }
}

/** Calbox is stopped while its reaper dies, so that it cannot start another one. */
async function killReaper(round: Round): Promise<void> {
  round.calbox.kill('SIGSTOP')
  for (const { pid, command } of await processesOf(round.mark)) {
    if (/reaper/.test(command)) process.kill(pid, 'SIGKILL')
  }
}

async function playRound(moment: Moment, draw: (below: number) => number): Promise<string | undefined> {
  const node = existsSync(OLD_NODE) && draw(4) === 0 ? OLD_NODE : process.execPath
  const round = await startRound(node, moment)
  const waitMs = draw(moment.delayMs)
  try {
    const never = await reach(moment, waitMs, round)
    if (never !== undefined) return never
    const before = (await processesOf(round.mark)).length
    const things = await inEngine(round)
    if (values['without-reaper']) await killReaper(round)
    round.calbox.kill('SIGKILL')
    const tookMs = await untilGone(round)
    const what = `${moment.name} + ${waitMs} ms${node === OLD_NODE ? ', by the launcher of an older Node.js' : ''}: ${before} processes${isDocker() ? `, ${things.length} in the engine` : ''}`
    process.stdout.write(`${what}, ${tookMs === undefined ? 'NOT GONE' : `gone after ${tookMs} ms`}\n`)
    if (tookMs !== undefined) return undefined
    const ports = (await usedPorts(round.ports)).map((port) => ({ port }))
    const left = [...(await processesOf(round.mark)), ...ports, ...(await inEngine(round))]
    return `left ${goneMs()} ms after the kill: ${JSON.stringify(left, undefined, 1)}`
  } finally {
    round.calbox.kill('SIGKILL')
    for (const { pid } of await processesOf(round.mark)) process.kill(pid, 'SIGKILL')
    if (isDocker()) await removeFromEngine(round.folder)
    await rm(round.folder, { recursive: true, force: true })
  }
}

const values = scriptOptions(
  'usage: npm run orphan-test -- [--calbox FILE] [--kills 20] [--seed N] [--driver process] [--without-reaper]',
  {
    calbox: { type: 'string', default: path.join(ROOT, 'cli/bin/calbox.cjs') },
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    driver: { type: 'string', default: 'process' },
    'without-reaper': { type: 'boolean', default: false },
  },
  (given) => ({
    ...given,
    kills: wholeNumber('kills', given.kills, 1),
    seed: wholeNumber('seed', given.seed, 0),
  }),
)
buildFirst()

let random = values.seed
/** Mulberry32. */
function draw(below: number): number {
  random = (random + 0x6d2b79f5) | 0
  let mixed = Math.imul(random ^ (random >>> 15), 1 | random)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
}

process.stdout.write(`seed ${values.seed}\n`)
const failures: string[] = []
const { kills } = values
for (let kill = 0; kill < kills; kill += 1) {
  const at = kills < MOMENTS.length ? Math.floor((kill * MOMENTS.length) / kills) : kill % MOMENTS.length
  const moment = MOMENTS[at]
  const failure = moment === undefined ? undefined : await playRound(moment, draw)
  if (failure !== undefined) failures.push(`kill ${kill + 1}, ${moment?.name}: ${failure}`)
}
for (const failure of failures) process.stdout.write(`\nFAILED: ${failure}\n`)
process.stdout.write(`${kills - failures.length} of ${kills} kills left nothing behind\n`)
process.exitCode = failures.length === 0 ? 0 : 1
