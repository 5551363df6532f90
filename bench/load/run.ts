// One node under load over HTTP: calls of a view and of a mutation as fast as they are answered, beside a server that only
// answers; and 1,000 WebSockets on one context that is written to. Throughput, latency, memory; whether anything is lost.
// `npm run build && node --conditions=source bench/load/run.ts [--seconds 10] [--watchers 1000] [--events 300] [--write]`
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import path from 'node:path'
import { scriptOptions, wholeNumber } from '../../scripts/command-line.ts'
import { loadNow, pause, quantile, type RealNode, RealNodes, round1, round2, type Shared } from '../real-nodes.ts'
import { showReport } from '../show-report.ts'
import type { CallerReport, CallerTask } from './caller.ts'
import type { WatchersReport, WatchersTask } from './watchers.ts'

const flags = scriptOptions(
  'usage: node --conditions=source bench/load/run.ts [--seconds 10] [--rounds 3] [--watchers 1000] [--events 300] [--write]',
  {
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    watchers: { type: 'string', default: '1000' },
    events: { type: 'string', default: '300' },
    write: { type: 'boolean', default: false },
  },
  (given) => ({
    ...given,
    seconds: wholeNumber('seconds', given.seconds, 1),
    rounds: wholeNumber('rounds', given.rounds, 1),
    watchers: wholeNumber('watchers', given.watchers, 1),
    events: wholeNumber('events', given.events, 1),
  }),
)
const [FOR_MS, ROUNDS] = [1000 * flags.seconds, flags.rounds]
const [WATCHERS, EVENTS] = [flags.watchers, flags.events]
const CONNECTIONS = 10
/** Between two writes that all watchers see. */
const WRITE_EVERY_MS = 100
/** V8 gives memory back when it collects: after so long at rest. */
const REST_MS = 20_000
const KV_STORE = path.resolve(import.meta.dirname, '../../apps/kv-store/build/kv-store.wasm')

class Helper<Task extends string | object, Report> {
  readonly #child: ChildProcess
  readonly #gone: Promise<never>

  constructor(file: string) {
    this.#child = fork(path.join(import.meta.dirname, file), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#gone = once(this.#child, 'exit').then(() => Promise.reject(new Error('a process of the benchmark has ended')))
    // At the end it is disconnected, and nobody waits for it any more.
    this.#gone.catch(() => {})
  }

  async ask(task: Task): Promise<Report> {
    this.#child.send(task)
    return this.told()
  }

  async told(): Promise<Report> {
    const [report] = await Promise.race([once(this.#child, 'message'), this.#gone])
    return report as Report
  }

  close(): void {
    this.#child.disconnect()
  }
}

type Caller = Helper<CallerTask, CallerReport>

const execute = (contextId: string, method: string, argsJson: object) =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'execute', params: { contextId, method, argsJson } })

async function loadOf(caller: Caller, task: Omit<CallerTask, 'forMs'>, node?: RealNode) {
  const rssBefore = await node?.rssMiB()
  const cpuBefore = await node?.cpuMs()
  const { answers, tookMs, latenciesMs, wrong } = await caller.ask({ ...task, forMs: FOR_MS })
  if (wrong.length > 0) throw new Error(`answers that are none: ${wrong.join('; ')}`)
  const cpuMs = node && (await node.cpuMs()) - (cpuBefore ?? 0)
  return {
    connections: task.connections,
    answers,
    perSec: Math.round((1000 * answers) / tookMs),
    p50Ms: round2(quantile(latenciesMs)),
    p99Ms: round1(quantile(latenciesMs, 0.99)),
    ...(node && {
      cpuMsPerAnswer: round2((cpuMs ?? 0) / answers),
      rssMiB: Math.round((await node.rssMiB()) - (rssBefore ?? 0)),
    }),
  }
}

type Load = Awaited<ReturnType<typeof loadOf>>

/** The median round of each figure. */
function medianOf(rounds: readonly Load[], bare: readonly Load[]) {
  const of = (pick: (load: Load) => number) => round2(quantile(rounds.map(pick)))
  return {
    perSec: of(({ perSec }) => perSec),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
    cpuMsPerAnswer: of(({ cpuMsPerAnswer = 0 }) => cpuMsPerAnswer),
    bareOverThis: round2(quantile(rounds.map(({ perSec }, round) => (bare[round]?.perSec ?? 0) / perSec))),
    answers: rounds.reduce((sum, { answers }) => sum + answers, 0),
    grownMiB: rounds.reduce((sum, { rssMiB = 0 }) => sum + rssMiB, 0),
  }
}

async function calls(node: RealNode, { contextId }: Shared, bareUrl: string) {
  const caller: Caller = new Helper('caller.ts')
  const url = `http://127.0.0.1:${node.httpPort}/jsonrpc`
  await node.call(contextId, 'set', { key: 'seen', value: '0123456789' })
  const view = {
    url,
    body: execute(contextId, 'get', { key: 'seen' }),
    wants: '200 {"jsonrpc":"2.0","id":1,"result":{"output":"0123456789"}}',
  }
  const mutation = {
    url,
    body: execute(contextId, 'set', { key: '#', value: '#' }),
    wants: '200 {"jsonrpc":"2.0","id":1,"result":{"output":null}}',
  }
  const bare = { url: bareUrl, body: view.body, wants: '200 ' }
  const kinds = { bare, view, mutation, 'view, one connection': view, 'mutation, one connection': mutation }
  const seen: Record<string, Load[]> = {}
  const before = Number(await lengthOf(node, contextId))
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [kind, task] of Object.entries(kinds)) {
      const connections = kind.endsWith('one connection') ? 1 : CONNECTIONS
      const load = await loadOf(caller, { ...task, connections }, kind === 'bare' ? undefined : node)
      seen[kind] = [...(seen[kind] ?? []), load]
      process.stderr.write(`round ${round + 1}, ${kind}: ${load.perSec}/s, p99 ${load.p99Ms} ms\n`)
    }
  }
  caller.close()
  // Each answered mutation has written a key of its own.
  const written = Number(await lengthOf(node, contextId)) - before
  const answered = ['mutation', 'mutation, one connection']
    .flatMap((kind) => seen[kind] ?? [])
    .reduce((sum, { answers }) => sum + answers, 0)
  const bareRounds = seen.bare ?? []
  const medians = Object.entries(seen).map(([kind, rounds]) => [kind, medianOf(rounds, bareRounds)])
  return { ...Object.fromEntries(medians), answeredMutations: answered, keysWritten: written }
}

async function lengthOf(node: RealNode, contextId: string): Promise<unknown> {
  const body = execute(contextId, 'len', {})
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`http://127.0.0.1:${node.httpPort}/jsonrpc`, { method: 'POST', body, headers })
  return ((await response.json()) as { result: { output: unknown } }).result.output
}

async function watched(node: RealNode, { contextId }: Shared) {
  const watchers = new Helper<WatchersTask, WatchersReport>('watchers.ts')
  const url = `ws://127.0.0.1:${node.httpPort}/ws`
  const rounds = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const [before, heapBefore] = [await node.rssMiB(), await node.heapMiB()]
    const openedMs = performance.now()
    await watchers.ask({ open: WATCHERS, url, contextId })
    const openMs = performance.now() - openedMs
    const [open, heapOpen] = [await node.rssMiB(), await node.heapMiB()]
    const [cpuMs, took]: [number, number[]] = [await node.cpuMs(), []]
    let during = open
    for (let index = 0; index < EVENTS; index += 1) {
      const nextMs = performance.now() + WRITE_EVERY_MS
      const sentMs = performance.timeOrigin + performance.now()
      await node.call(contextId, 'set', { key: `watched ${round} ${index}`, value: `${index}@${sentMs}` })
      took.push(performance.timeOrigin + performance.now() - sentMs)
      if (index % 20 === 0) during = Math.max(during, await node.rssMiB())
      await pause(Math.max(0, nextMs - performance.now()))
    }
    const { seen } = await watchers.ask({ settle: EVENTS })
    const usedMs = (await node.cpuMs()) - cpuMs
    await watchers.ask('close')
    await pause(REST_MS)
    if (!seen) throw new Error('the watchers tell nothing')
    const { latenciesMs, ...came } = seen
    const report = {
      openMs: Math.round(openMs),
      rssMiB: { before, open, during, after: await node.rssMiB() },
      heapMiB: { before: heapBefore, open: heapOpen, after: await node.heapMiB() },
      kibAWatcher: round1((1024 * (open - before)) / WATCHERS),
      calls: { p50Ms: round1(quantile(took)), p99Ms: round1(quantile(took, 0.99)) },
      delivered: { p50Ms: round1(quantile(latenciesMs)), p99Ms: round1(quantile(latenciesMs, 0.99)) },
      cpuMicrosADelivery: round1((1000 * usedMs) / (EVENTS * WATCHERS)),
      pairs: came,
    }
    for (const memory of [report.rssMiB, report.heapMiB]) {
      for (const [name, mib] of Object.entries(memory)) Reflect.set(memory, name, Math.round(mib))
    }
    process.stderr.write(`${JSON.stringify(report)}\n`)
    rounds.push(report)
  }
  watchers.close()
  return { watchers: WATCHERS, events: EVENTS, everyMs: WRITE_EVERY_MS, rounds }
}

const nodes = await RealNodes.open('load')
const bare = new Helper<string, { port: number }>('bare-server.ts')
try {
  const loadAtStart = loadNow()
  const { port } = await bare.told()
  const node = await nodes.start('one')
  const shared = await node.share(KV_STORE)
  const called = await calls(node, shared, `http://127.0.0.1:${port}/`)
  await node.end()
  // One that has done nothing else: what it takes is for the watchers.
  const other = await nodes.start('two')
  const quiet = await other.share(KV_STORE)
  await pause(REST_MS)
  const seen = await watched(other, quiet)
  const report = {
    node: process.version,
    cpus: cpus().length,
    loadAtStart,
    loadAtEnd: loadNow(),
    calls: called,
    watched: seen,
  }
  await showReport(report, flags.write ? import.meta.dirname : undefined)
} catch (error) {
  process.stderr.write(`${error}\n${(await nodes.logOf('one').catch(() => '')).slice(-2000)}\n`)
  throw error
} finally {
  bare.close()
  await nodes.close()
}
