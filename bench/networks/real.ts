// Twenty real nodes on loopback (`real.yml`): how long they take to start, to share a context, and from four writes at once to a
// check that found all of them equal. `npm run build && node --conditions=source bench/networks/real.ts [--write]`
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { scriptOptions } from '../../scripts/command-line.ts'
import { loadNow } from '../real-nodes.ts'
import { showReport } from '../show-report.ts'

const flags = scriptOptions('usage: node --conditions=source bench/networks/real.ts [--write]', {
  write: { type: 'boolean', default: false },
})
const ROOT = path.resolve(import.meta.dirname, '../..')
const CALBOX = path.join(ROOT, 'cli/bin/calbox.cjs')
const WORKFLOW = 'bench/networks/real.yml'

interface Timing {
  readonly label: string
  readonly count: number
  readonly minMs: number
  readonly p50Ms: number
  readonly maxMs: number
}

interface Recorded {
  readonly durationMs: number
  readonly meshedAfterMs: number
  readonly nodes: readonly unknown[]
  readonly history: { readonly acknowledged: number; readonly writes: number; readonly nodes: readonly string[] }
  readonly timings: readonly Timing[]
  readonly steps: readonly { readonly kind: string; readonly timings?: readonly Timing[] }[]
}

/** In a folder of its own, so that it meets no nodes of others. */
async function runOnce(cwd: string): Promise<Recorded> {
  for (const part of ['bench', 'apps']) await symlink(path.join(ROOT, part), path.join(cwd, part))
  const child = spawn(process.execPath, [CALBOX, 'run', WORKFLOW], { cwd, stdio: ['ignore', 2, 2] })
  await once(child, 'exit')
  if (child.exitCode !== 0) throw new Error(`${WORKFLOW} ended with ${child.exitCode}`)
  const runs = path.join(cwd, '.calbox/runs')
  const newest = (await readdir(runs)).sort().at(-1) ?? ''
  return JSON.parse(await readFile(path.join(runs, newest, 'run.json'), 'utf8')) as Recorded
}

function timed(timings: readonly Timing[], label: string) {
  const found = timings.find((each) => each.label === label)
  if (found === undefined) throw new Error(`the run has no timing of ${label}`)
  const { count, minMs, p50Ms, maxMs } = found
  return { count, minMs: Math.round(minMs), medianMs: Math.round(p50Ms), maxMs: Math.round(maxMs) }
}

const cwd = await mkdtemp(path.join(tmpdir(), 'calbox-real-'))
try {
  const loadAtStart = loadNow()
  const { durationMs, meshedAfterMs, nodes, history, timings, steps } = await runOnce(cwd)
  const rounds = steps.find(({ kind }) => kind === 'repeat')?.timings ?? []
  const report = {
    node: process.version,
    cpus: cpus().length,
    loadAtStart,
    loadAtEnd: loadNow(),
    workflow: WORKFLOW,
    nodes: nodes.length,
    totalMs: Math.round(durationMs),
    nodeStart: timed(timings, 'node start'),
    meshedMs: Math.round(meshedAfterMs),
    contextOnAllMs: timed(timings, 'create_mesh').maxMs,
    writesUntilAllEqual: timed(rounds, 'iteration'),
    acknowledgedWrites: history.acknowledged,
    foundAgain: history.writes,
    nodesSeenEqual: history.nodes.length,
  }
  await showReport(report, flags.write ? import.meta.dirname : undefined, 'real.json')
} finally {
  await rm(cwd, { recursive: true, force: true })
}
