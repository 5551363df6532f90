// `calbox validate` of a large file beside a Node.js that does nothing, in alternating rounds of one run.
// `node bench/validate/run.ts [--rounds 15] [--steps 200] [--calbox cli/bin/calbox.cjs] [--write]`
// `--calbox` more than once compares builds in one run.
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { scriptOptions, wholeNumber } from '../../scripts/command-line.ts'
import { workflowText } from './workflow-text.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const APPLICATION = path.join(ROOT, 'apps/kv-store/build/kv-store.wasm')
/** As bash has them: of the command and what it started. */
const TIMED = 'TIMEFORMAT="%R %U %S"; time "$@" > "$0"'

interface Contender {
  readonly name: string
  readonly command: readonly string[]
}

interface Sample {
  readonly wallMs: number
  /** User and system time, children included. */
  readonly cpuMs: number
}

function measure({ name, command }: Contender, output: string): Sample {
  const { stderr, status } = spawnSync('bash', ['-c', TIMED, output, ...command], { encoding: 'utf8' })
  const line = stderr.trim().split('\n').at(-1) ?? ''
  const [real, user, system] = line.split(' ').map((seconds) => 1000 * Number(seconds))
  if (status !== 0 || real === undefined || user === undefined || system === undefined) {
    throw new Error(`${name} ended with ${status}: ${stderr}`)
  }
  return { wallMs: real, cpuMs: user + system }
}

/** The version of a Node.js, where there is one. */
function versionOf(node: string): string | undefined {
  const { status, stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

function summary(name: string, samples: readonly Sample[]) {
  const wall = samples.map(({ wallMs }) => wallMs)
  const cpu = samples.map(({ cpuMs }) => cpuMs)
  return {
    name,
    wallMs: Math.round(median(wall)),
    wallMinMs: Math.round(Math.min(...wall)),
    cpuMs: Math.round(median(cpu)),
    cpuMinMs: Math.round(Math.min(...cpu)),
  }
}

/** What a machine does with a Node.js that does nothing is in both. */
function ratio(value: number, bare = Number.NaN): number {
  return Math.round((10 * value) / bare) / 10
}

const values = scriptOptions(
  'usage: node bench/validate/run.ts [--rounds 15] [--steps 200] [--calbox FILE]... [--system /usr/bin/node] [--write]',
  {
    rounds: { type: 'string', default: '15' },
    steps: { type: 'string', default: '200' },
    calbox: { type: 'string', multiple: true, default: [path.join(ROOT, 'cli/bin/calbox.cjs')] },
    system: { type: 'string', default: '/usr/bin/node' },
    write: { type: 'boolean', default: false },
  },
  (given) => ({
    ...given,
    rounds: wholeNumber('rounds', given.rounds, 1),
    steps: wholeNumber('steps', given.steps, 1),
  }),
)

const loadAtStart = Math.round(10 * (loadavg()[0] ?? 0)) / 10
const folder = await mkdtemp(path.join(tmpdir(), 'calbox-validate-'))
try {
  const file = path.join(folder, 'large.yml')
  await writeFile(file, workflowText(values.steps, APPLICATION))
  const system = versionOf(values.system)
  const contenders: Contender[] = [{ name: 'node -e 0', command: [process.execPath, '-e', '0'] }]
  for (const [index, calbox] of values.calbox.entries()) {
    const name = `validate${index === 0 ? '' : ` ${index + 1}`}`
    const launcher = path.resolve(calbox)
    contenders.push({ name, command: [process.execPath, launcher, 'validate', file] })
    if (system === undefined) continue
    contenders.push({ name: `${name}, launched by ${system}`, command: [values.system, launcher, 'validate', file] })
  }
  const samples = new Map<string, Sample[]>()
  // The first rounds fill the compile cache, and what the launcher keeps.
  for (let round = -4; round < values.rounds; round += 1) {
    for (const contender of contenders) {
      const sample = measure(contender, path.join(folder, 'output'))
      if (round >= 0) samples.set(contender.name, [...(samples.get(contender.name) ?? []), sample])
    }
  }
  const summaries = [...samples].map(([name, each]) => summary(name, each))
  const [bare] = summaries
  const results = summaries.map((each) => ({ ...each, overBare: ratio(each.wallMs, bare?.wallMs) }))
  process.stdout.write(`${JSON.stringify(results, undefined, 1)}\n`)
  if (values.write) {
    const about = { node: process.version, system, cpus: cpus().length, loadAtStart, steps: values.steps }
    const result = { ...about, rounds: values.rounds, results }
    await writeFile(path.join(import.meta.dirname, 'result.json'), `${JSON.stringify(result, undefined, 2)}\n`)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
