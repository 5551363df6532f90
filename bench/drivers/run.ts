// One workflow file on each driver, in turn: how long its nodes take to start, each of its steps, and what a node needs of
// memory. `npm run build && node --conditions=source bench/drivers/run.ts [--rounds 5] [--write]`
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { scriptOptions, wholeNumber } from '../../scripts/command-line.ts'
import { type Engine, findEngine } from '../../scripts/container-engine.ts'
import { NodeState } from '../../workflows/src/driver/state/node-state.ts'
import { loadNow, pause, quantile, round1, round2 } from '../real-nodes.ts'
import { showReport } from '../show-report.ts'

const flags = scriptOptions(
  'usage: node --conditions=source bench/drivers/run.ts [--rounds 5] [--write]',
  {
    rounds: { type: 'string', default: '5' },
    write: { type: 'boolean', default: false },
  },
  (given) => ({ ...given, rounds: wholeNumber('rounds', given.rounds, 1) }),
)
const ROUNDS = flags.rounds
const ROOT = path.resolve(import.meta.dirname, '../..')
const CALBOX = path.join(ROOT, 'cli/bin/calbox.cjs')
const WORKFLOW = 'workflows/examples/hello.yml'
const DRIVERS = ['process', 'docker'] as const
const SAMPLE_EVERY_MS = 50

interface Round {
  readonly totalMs: number
  /** The slowest of the nodes. */
  readonly nodeStartMs: number
  readonly meshedMs: number
  readonly steps: Readonly<Record<string, number>>
  /** The most that each node needed. */
  readonly nodeMiB: readonly number[]
}

interface Recorded {
  readonly durationMs: number
  readonly meshedAfterMs: number
  readonly timings: readonly { readonly label: string; readonly maxMs: number; readonly meanMs: number }[]
}

/** Of the nodes that run in `cwd`, by name: the same figure of the kernel for both drivers. */
async function peakMemory(cwd: string, peaks: Map<string, number>): Promise<void> {
  for (const { name, process } of await new NodeState(path.join(cwd, '.calbox')).list()) {
    const status = await readFile(`/proc/${process.pid}/status`, 'utf8').catch(() => '')
    const kib = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0)
    peaks.set(name, Math.max(peaks.get(name) ?? 0, kib / 1024))
  }
}

async function runOnce(driver: string, cwd: string, { url, inside }: Engine): Promise<Round> {
  const args = [CALBOX, 'run', WORKFLOW, '--driver', driver, '--quiet']
  const [command = '', ...rest] = [...inside, process.execPath, ...args]
  const child = spawn(command, rest, { cwd, env: { ...process.env, DOCKER_HOST: url }, stdio: 'inherit' })
  const ended = once(child, 'exit')
  const peaks = new Map<string, number>()
  while (child.exitCode === null) {
    await peakMemory(cwd, peaks)
    await Promise.race([pause(SAMPLE_EVERY_MS), ended])
  }
  if (child.exitCode !== 0) throw new Error(`${WORKFLOW} on ${driver} ended with ${child.exitCode}`)
  const runs = path.join(cwd, '.calbox/runs')
  const newest = (await readdir(runs)).sort().at(-1) ?? ''
  const record = JSON.parse(await readFile(path.join(runs, newest, 'run.json'), 'utf8')) as Recorded
  const [starts, ...steps] = record.timings
  return {
    totalMs: record.durationMs,
    nodeStartMs: starts?.maxMs ?? Number.NaN,
    meshedMs: record.meshedAfterMs,
    steps: Object.fromEntries(steps.map(({ label, meanMs }) => [label, meanMs])),
    nodeMiB: [...peaks.values()],
  }
}

function summary(rounds: readonly Round[]) {
  const median = (of: (round: Round) => number) => Math.round(quantile(rounds.map(of)))
  return {
    totalMs: median(({ totalMs }) => totalMs),
    nodeStartMs: median(({ nodeStartMs }) => nodeStartMs),
    meshedMs: median(({ meshedMs }) => meshedMs),
    nodeMiB: round1(quantile(rounds.flatMap(({ nodeMiB }) => nodeMiB))),
    stepMs: Object.fromEntries(
      Object.keys(rounds[0]?.steps ?? {}).map((label) => [
        label,
        round1(quantile(rounds.map(({ steps }) => steps[label] ?? Number.NaN))),
      ]),
    ),
  }
}

/** A folder for each driver, so that none meets the nodes of the other. */
async function makeCwd(folder: string, driver: string): Promise<string> {
  const cwd = await mkdtemp(path.join(folder, `${driver}-`))
  for (const part of ['workflows', 'apps']) await symlink(path.join(ROOT, part), path.join(cwd, part))
  return cwd
}

const engine = await findEngine()
const folder = await mkdtemp(path.join(tmpdir(), 'calbox-drivers-'))
try {
  const env = { ...process.env, DOCKER_HOST: engine.url }
  const built = spawnSync(process.execPath, [CALBOX, 'image', 'build'], { cwd: ROOT, env, stdio: 'inherit' })
  if (built.status !== 0) throw new Error(`calbox image build ended with ${built.status}`)
  const places = new Map<string, string>()
  for (const driver of DRIVERS) places.set(driver, await makeCwd(folder, driver))
  const loadAtStart = loadNow()
  const rounds = new Map<string, Round[]>(DRIVERS.map((driver) => [driver, []]))
  // The first fills caches.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [driver, cwd] of places) {
      const result = await runOnce(driver, cwd, engine)
      if (round > 0) rounds.get(driver)?.push(result)
    }
  }
  const [onProcess, onDocker] = DRIVERS.map((driver) => summary(rounds.get(driver) ?? []))
  if (!onProcess || !onDocker) throw new Error('nothing was measured')
  const report = {
    node: process.version,
    cpus: cpus().length,
    loadAtStart,
    loadAtEnd: loadNow(),
    workflow: WORKFLOW,
    rounds: ROUNDS,
    process: onProcess,
    docker: onDocker,
    dockerOverProcess: {
      total: round2(onDocker.totalMs / onProcess.totalMs),
      nodeStart: round2(onDocker.nodeStartMs / onProcess.nodeStartMs),
      meshed: round2(onDocker.meshedMs / onProcess.meshedMs),
      nodeMemory: round2(onDocker.nodeMiB / onProcess.nodeMiB),
    },
  }
  await showReport(report, flags.write ? import.meta.dirname : undefined)
} finally {
  await engine.stop()
  await rm(folder, { recursive: true, force: true })
}
