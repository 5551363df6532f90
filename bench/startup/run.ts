// From spawn to a meshed network: calbox nodes against bare libp2p processes, in alternating rounds of one run.
// `node bench/startup/run.ts [--rounds 5] [--sizes 3,10] [--calnode node-runtime/dist/calnode.js] [--write]`
// `--calnode` more than once compares builds of the node in one run.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { cpus, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'
import { BUNDLE } from '../../scripts/bundle.ts'
import { scriptOptions, wholeNumber, wholeNumbers } from '../../scripts/command-line.ts'
import { NODE_FLAGS } from '../../workflows/src/driver/limits.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const DEADLINE_MS = 60_000
const BARE = 'bare libp2p'

interface Round {
  readonly meshedMs: number
  /** Median over the nodes, after a second of rest. */
  readonly rssMiB: number
  /** User and system time of all nodes until then. */
  readonly cpuMs: number
}

interface Contender {
  readonly name: string
  /** Starts node `index` of a round; the promise resolves when it is meshed. */
  start(index: number, round: Ports): { readonly child: ChildProcess; readonly meshed: Promise<void> }
}

interface Ports {
  readonly id: string
  readonly home: string
  readonly swarm: readonly number[]
  readonly http: readonly number[]
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => {
    const address = server.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  })
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports.toSorted((a, b) => a - b)
}

const addressOf = (port: number | undefined) => `/ip4/127.0.0.1/tcp/${port}`

/** One process of this folder, built as the node is. */
async function bundle(name: string, folder: string): Promise<string> {
  const outfile = path.join(folder, `${name}.mjs`)
  await build({
    ...BUNDLE,
    entryPoints: [path.join(import.meta.dirname, `${name}.ts`)],
    outfile,
    nodePaths: [path.join(ROOT, 'node_modules')],
  })
  return outfile
}

/** A process that takes its own address, then those of the others in ring order, and prints a line when meshed. */
function plain(name: string, file: string): Contender {
  return {
    name,
    start(index, { swarm }) {
      const ring = swarm.map((_, step) => addressOf(swarm[(index + step) % swarm.length]))
      const child = spawn(process.execPath, [file, ...ring], { stdio: ['ignore', 'pipe', 'inherit'] })
      const meshed = once(child.stdout ?? child, 'data').then(() => {})
      return { child, meshed }
    },
  }
}

function calnode(name: string, file: string): Contender {
  return {
    name,
    start(index, { id, home, swarm, http }) {
      const args = ['--home', home, '--node', `n${index}`, 'run', '--init', '--network', id]
      args.push('--server-port', `${http[index]}`, '--swarm-port', `${swarm[index]}`)
      args.push('--boot-nodes', swarm.map(addressOf).join(','))
      const child = spawn(process.execPath, [...NODE_FLAGS, file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
      return { child, meshed: saysReady(child, `http://127.0.0.1:${http[index]}/admin-api/ready`) }
    },
  }
}

/** The node says so in its log, which costs neither side anything; one request then checks that HTTP agrees. */
async function saysReady(child: ChildProcess, url: string): Promise<void> {
  await new Promise<void>((resolve) => {
    let text = ''
    child.stdout?.on('data', (chunk) => {
      text += String(chunk)
      if (text.includes('"node ready"') && text.includes('"node started"')) resolve()
    })
  })
  const response = await fetch(url)
  await response.arrayBuffer()
  if (response.status !== 200) throw new Error(`${url} answers ${response.status} after the node said it was ready`)
}

async function rssMiB(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
}

/** Fields 14 and 15 of stat, in ticks of 10 ms. */
async function cpuMs(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

async function playRound(contender: Contender, size: number): Promise<Round> {
  const home = await mkdtemp(path.join(tmpdir(), 'calbox-startup-'))
  const ports = await freePorts(2 * size)
  const round = { id: path.basename(home), home, swarm: ports.slice(0, size), http: ports.slice(size) }
  const startedAt = performance.now()
  const nodes = round.swarm.map((_, index) => contender.start(index, round))
  try {
    const died = nodes.map(({ child }) =>
      once(child, 'exit').then(([code, signal]) => {
        throw new Error(`a ${contender.name} node ended early: ${code ?? signal}`)
      }),
    )
    for (const death of died) death.catch(() => {})
    const late = AbortSignal.timeout(DEADLINE_MS)
    const timeout = once(late, 'abort').then(() => Promise.reject(late.reason))
    await Promise.race([Promise.all(nodes.map(({ meshed }) => meshed)), timeout, ...died])
    const meshedMs = performance.now() - startedAt
    const cpu = await Promise.all(nodes.map(({ child }) => cpuMs(child.pid)))
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const rss = await Promise.all(nodes.map(({ child }) => rssMiB(child.pid)))
    return { meshedMs, rssMiB: median(rss), cpuMs: cpu.reduce((sum, each) => sum + each, 0) }
  } finally {
    await Promise.all(nodes.map(({ child }) => ended(child)))
    await rm(home, { recursive: true, force: true })
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

interface Result {
  readonly size: number
  readonly name: string
  readonly rounds: number
  readonly meshedMs: number
  readonly meshedMinMs: number
  readonly meshedMaxMs: number
  readonly rssMiB: number
  readonly cpuMsPerNode: number
}

function summary(size: number, name: string, rounds: readonly Round[]): Result {
  const meshed = rounds.map((round) => round.meshedMs)
  return {
    size,
    name,
    rounds: rounds.length,
    meshedMs: Math.round(median(meshed)),
    meshedMinMs: Math.round(Math.min(...meshed)),
    meshedMaxMs: Math.round(Math.max(...meshed)),
    rssMiB: Math.round(median(rounds.map((round) => round.rssMiB))),
    cpuMsPerNode: Math.round(median(rounds.map((round) => round.cpuMs / size))),
  }
}

const values = scriptOptions(
  'usage: node bench/startup/run.ts [--rounds 7] [--sizes 3,10] [--calnode FILE]... [--write]',
  {
    rounds: { type: 'string', default: '7' },
    sizes: { type: 'string', default: '3,10' },
    calnode: { type: 'string', multiple: true, default: [path.join(ROOT, 'node-runtime/dist/calnode.js')] },
    write: { type: 'boolean', default: false },
  },
  (given) => ({
    ...given,
    rounds: wholeNumber('rounds', given.rounds, 1),
    sizes: wholeNumbers('sizes', given.sizes, 1),
  }),
)

// Others on the machine make every figure worse; the ratio suffers less.
const loadAtStart = Math.round(10 * (loadavg()[0] ?? 0)) / 10
const scratch = await mkdtemp(path.join(tmpdir(), 'calbox-bare-'))
try {
  const contenders = [
    plain(BARE, await bundle('bare-node', scratch)),
    plain('network alone', await bundle('network-node', scratch)),
    ...values.calnode.map((file, index) => calnode(`calnode${index === 0 ? '' : ` ${index + 1}`}`, path.resolve(file))),
  ]
  const results: Result[] = []
  for (const size of values.sizes) {
    const played = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]))
    // One round of each to fill the compile caches, which is not counted.
    for (let round = -1; round < values.rounds; round++) {
      for (const contender of contenders) {
        const result = await playRound(contender, size)
        if (round >= 0) played.get(contender.name)?.push(result)
      }
    }
    for (const [name, rounds] of played) results.push(summary(size, name, rounds))
  }
  const ratios = results
    .filter(({ name }) => name !== BARE)
    .map(({ size, name, meshedMs }) => {
      const peer = results.find((each) => each.size === size && each.name === BARE)
      return { size, name, overBare: Math.round((100 * meshedMs) / (peer?.meshedMs ?? Number.NaN)) / 100 }
    })
  const report = { node: process.version, cpus: cpus().length, loadAtStart, results, ratios }
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  const row = (cells: readonly (string | number)[]) => `${cells.map((cell) => `${cell}`.padStart(15)).join('')}\n`
  process.stdout.write(row(['nodes', 'what', 'meshed ms', 'min', 'max', 'RSS MiB', 'CPU ms/node']))
  for (const each of results) {
    const { size, name, meshedMs, meshedMinMs, meshedMaxMs } = each
    process.stdout.write(row([size, name, meshedMs, meshedMinMs, meshedMaxMs, each.rssMiB, each.cpuMsPerNode]))
  }
  if (values.write) {
    await writeFile(path.join(import.meta.dirname, 'result.json'), `${JSON.stringify(report, null, 2)}\n`)
  }
} finally {
  await rm(scratch, { recursive: true, force: true })
}
