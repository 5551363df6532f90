// `npm run check`: every gate, each with its time, in two lanes that fill two cores, and one that mostly waits. All are run
// even when one fails, so that one round shows everything there is to mend; what failed is said once more at the very end,
// where CI logs are read.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { failedTests } from './failed-tests.ts'
import { type RunningGate, startGate } from './run-gate.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const BIN = path.join(ROOT, 'node_modules/.bin')
/** Of one gate: far more than any takes, also on a machine that is busy. */
const LIMIT_MS = 20 * 60_000
const RESULTS = mkdtempSync(path.join(tmpdir(), 'calbox-check-'))

interface Gate {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** A vitest run: the file with its results. */
  readonly results?: string
}

const STATIC: readonly Gate[] = [
  { name: 'types', command: 'tsc', args: ['-p', 'tsconfig.json'] },
  { name: 'lint', command: 'biome', args: ['check', '--error-on-warnings', '.'] },
  { name: 'architecture', command: 'node', args: ['scripts/check-architecture.ts'] },
  { name: 'unused', command: 'knip', args: [] },
  { name: 'generated files', command: 'node', args: ['--conditions=source', 'scripts/generate.ts', '--check'] },
]

const LANES: readonly (readonly Gate[])[] = [
  [unitTests('parts', '--coverage')],
  [...STATIC, unitTests('whole')],
  [unitTests('processes')],
]

const running = new Set<RunningGate>()
let stopped: string | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    stopped ??= `stopped by ${signal}`
    for (const gate of running) gate.stop(stopped)
  })
}

const failures = (await Promise.all(LANES.map(runLane))).flat()
rmSync(RESULTS, { recursive: true, force: true })
if (failures.length > 0) process.stdout.write(`\nfailed:\n${failures.join('\n')}\n`)
process.exitCode = failures.length === 0 ? 0 : 1

function unitTests(project: string, ...more: string[]): Gate {
  const results = path.join(RESULTS, `${project}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
  const args = ['run', '--project', project, ...reporters, ...more]
  return { name: `unit tests of the ${project}`, command: 'vitest', args, results }
}

/** One gate after the other; gives what to say of those that failed. */
async function runLane(gates: readonly Gate[]): Promise<string[]> {
  const failed: string[] = []
  for (const gate of gates) {
    if (stopped !== undefined) return [...failed, `${gate.name}: not run, ${stopped}`]
    const started = performance.now()
    const { passed, output } = await run(gate)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    const verdict = `── ${gate.name}: ${passed ? 'passed' : 'FAILED'} (${seconds} s)\n`
    process.stdout.write(`\n── ${gate.name}\n${output}${verdict}`)
    if (passed) continue
    failed.push(gate.name, ...(gate.results === undefined ? [] : failedTests(gate.results, ROOT)))
  }
  return failed
}

async function run({ command, args }: Gate): Promise<{ passed: boolean; output: string }> {
  const env = { ...process.env, PATH: `${BIN}${path.delimiter}${process.env.PATH ?? ''}` }
  const gate = startGate({ command: path.join(BIN, command), args, cwd: ROOT, env, limitMs: LIMIT_MS })
  running.add(gate)
  const result = await gate.ended
  running.delete(gate)
  return result
}
