// `npm run chaos-test -- --runs 20 --seed S`: the same workflow of ten nodes under as many random schedules of faults; in each,
// all nodes must have the same in the end. After each, once more with the same seed and `kill -9` of calbox at a random moment:
// 10 s later no process of it may be left, and with `--driver docker` no container and no network. `--no-kill` leaves that out;
// `--topology nat` puts the nodes behind routers. Linux only.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { buildFirst } from './build-first.ts'
import { scriptOptions, wholeNumber } from './command-line.ts'
import { leftInEngine, removeFromEngine } from './left-in-engine.ts'
import { MARK, processesOf } from './marked-processes.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const CALBOX = path.join(ROOT, 'cli/bin/calbox.cjs')
const APP = path.join(ROOT, 'apps/kv-store/build/kv-store.wasm')
const GONE_MS = 10_000
/** A whole run; only a hang reaches it. */
const RUN_MS = 600_000

const values = scriptOptions(
  'usage: npm run chaos-test -- [--runs 20] [--seed N] [--nodes 10] [--no-kill] [--driver process] [--topology NAME]',
  {
    runs: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    nodes: { type: 'string', default: '10' },
    'no-kill': { type: 'boolean', default: false },
    driver: { type: 'string', default: 'process' },
    topology: { type: 'string' },
  },
  // Numbers that are none would test nothing and say that nothing failed.
  (given) => ({
    ...given,
    runs: wholeNumber('runs', given.runs, 1),
    seed: wholeNumber('seed', given.seed, 0),
    // Three write, and nothing happens to them that would fail a call: the others are for that.
    nodes: wholeNumber('nodes', given.nodes, 4),
  }),
)
buildFirst()

/** The first three write, and nothing happens to them that would fail a call. */
function workflowText(count: number): string {
  const names = Array.from({ length: count }, (_, at) => `c-${at + 1}`)
  const writes = names.slice(0, 3).map((node) => {
    const args = `{ key: '${node}-{{iteration}}', value: 'v{{iteration}}' }`
    const call = `{ type: call, node: ${node}, context_id: '{{ctx}}', method: set, args: ${args} }`
    return `          - { count: 5, steps: [${call}] }`
  })
  const chaos = (name: string, nodes: readonly string[], faults: string) => `  - name: ${name}
    type: chaos
    context_id: '{{ctx}}'
    nodes: [${nodes.join(', ')}]
    faults: [${faults}]
    for: 6s
    every: 300ms
    lasts: 1500ms
    at_once: 3
    timeout: 180
    outputs: { faults: faults }
    steps:
      - type: parallel
        groups:
${writes.join('\n')}
`
  const topology = values.topology === undefined ? '' : `topology: { type: ${values.topology} }\n`
  return `name: chaos-test
${topology}nodes:
  count: ${count}
  prefix: c
stop_all_nodes: true
steps:
  - { name: Install, type: install_application, node: c-1, path: ${APP}, dev: true, outputs: { app: applicationId } }
  - { name: Share, type: create_mesh, context_node: c-1, application_id: '{{app}}', nodes: [${names.slice(1).join(', ')}], outputs: { ctx: contextId } }
${chaos('Bad network', names, 'partition, delay, jitter, loss, bandwidth, reset, hold, drop, replay, duplicate, reorder')}${chaos('Bad nodes', names.slice(3), 'stop, kill, restart, pause, disk_full, read_only, clock_skew, partition')}  - { name: Agree, type: wait_for_sync, context_id: '{{ctx}}', nodes: [${names.join(', ')}], settled: true, timeout: 60 }
`
}

interface Run {
  readonly mark: string
  readonly folder: string
  readonly calbox: ChildProcess
  readonly written: () => string
}

async function start(seed: string): Promise<Run> {
  const folder = await mkdtemp(path.join(tmpdir(), 'calbox-chaos-'))
  const file = path.join(folder, 'workflow.yml')
  await writeFile(file, workflowText(values.nodes))
  const mark = randomUUID()
  const env = { ...process.env, [MARK]: mark, CI: 'true', NO_COLOR: '1' }
  const args = [CALBOX, 'run', file, '--seed', seed, '--driver', values.driver]
  const calbox = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [calbox.stdout, calbox.stderr]) {
    stream.on('data', (chunk) => {
      text += String(chunk)
    })
  }
  return { mark, folder, calbox, written: () => text }
}

/** It may end by itself between being seen and being killed. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

async function end({ mark, folder, calbox }: Run, keep: boolean): Promise<void> {
  calbox.kill('SIGKILL')
  for (const { pid } of await processesOf(mark)) killIfThere(pid)
  if (values.driver === 'docker') await removeFromEngine(folder)
  if (!keep) await rm(folder, { recursive: true, force: true })
}

/** Processes; in containers they are the engine's. */
async function leftOf({ mark, folder }: Run): Promise<string[]> {
  const processes = (await processesOf(mark)).map(({ pid, command }) => `process ${pid} ${command}`)
  return values.driver === 'docker' ? [...processes, ...(await leftInEngine(folder))] : processes
}

/** Milliseconds until nothing was left; undefined: something is. */
async function untilGone(run: Run): Promise<number | undefined> {
  const started = Date.now()
  for (;;) {
    const left = await leftOf(run)
    const elapsed = Date.now() - started
    if (left.length === 0) return elapsed
    if (elapsed > GONE_MS) return undefined
    await delay(50)
  }
}

/** Why it failed, or undefined. */
async function wholeRun(seed: string): Promise<string | undefined> {
  const run = await start(seed)
  const started = Date.now()
  let failure: string | undefined
  try {
    const timer = setTimeout(() => run.calbox.kill('SIGKILL'), RUN_MS)
    const [code] = await once(run.calbox, 'close')
    clearTimeout(timer)
    const chaos = run
      .written()
      .split('\n')
      .filter((line) => /Bad (?:network|nodes).*seed/.test(line))
    const seconds = Math.round((Date.now() - started) / 1000)
    process.stdout.write(
      `seed ${seed}: exit ${code} after ${seconds} s\n${chaos.map((line) => `  ${line.slice(0, 400)}\n`).join('')}`,
    )
    if (code !== 0) failure = `seed ${seed}: exit ${code}, results in ${run.folder}\n${run.written().slice(-4000)}`
    else if ((await untilGone(run)) === undefined) failure = `seed ${seed}: left ${(await leftOf(run)).join('; ')}`
  } finally {
    await end(run, failure !== undefined)
  }
  return failure
}

async function killedRun(seed: string, waitMs: number): Promise<string | undefined> {
  const run = await start(seed)
  let isOver = false
  run.calbox.once('exit', () => {
    isOver = true
  })
  try {
    // Most moments of a run are in its chaos: from there on, by the clock.
    while (!isOver && !/Share/.test(run.written())) await delay(20)
    const until = Date.now() + waitMs
    while (!isOver && Date.now() < until) await delay(20)
    if (isOver) return `seed ${seed}: calbox ended before it was killed:\n${run.written().slice(-4000)}`
    const before = (await leftOf(run)).length
    run.calbox.kill('SIGKILL')
    const goneMs = await untilGone(run)
    const after = `${before} processes${values.driver === 'docker' ? ', containers and networks' : ''}, ${goneMs === undefined ? 'NOT GONE' : `gone after ${goneMs} ms`}`
    process.stdout.write(`  killed ${waitMs} ms after the context was there: ${after}\n`)
    return goneMs === undefined ? `seed ${seed}: left ${(await leftOf(run)).join('; ')}` : undefined
  } finally {
    await end(run, false)
  }
}

let state = values.seed
/** Mulberry32. */
function draw(below: number): number {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
}

process.stdout.write(`seed ${values.seed}\n`)
const failures: string[] = []
const CHAOS_MS = 12_000
for (let run = 1; run <= values.runs; run += 1) {
  const seed = `${values.seed}-${run}`
  const failure = await wholeRun(seed)
  if (failure !== undefined) failures.push(failure)
  if (values['no-kill']) continue
  const left = await killedRun(seed, draw(CHAOS_MS))
  if (left !== undefined) failures.push(left)
}
for (const failure of failures) process.stdout.write(`\nFAILED: ${failure}\n`)
process.stdout.write(`${values.runs} runs, ${failures.length} failures\n`)
process.exitCode = failures.length === 0 ? 0 : 1
