// `npm run sim`: runs seeds or one scenario, and says what failed and how to see it again. The only place of the simulator
// that knows what time it is.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import path from 'node:path'
import { seedOfTime, seedOfTree } from './fresh-seeds.ts'
import { HELP, type ManyOptions, parseOptions, type SimOptions, UsageError } from './options.ts'
import { runSeeds, type SeedJob } from './pool.ts'
import { coverageOf, coverageText } from './record/coverage.ts'
import { type RunReport, runScenario } from './run/run-seed.ts'
import { verifyOnce } from './run/verified-once.ts'
import { type Era, generate, type Only } from './scenario/generate.ts'
import { parseScenario } from './scenario/parse-scenario.ts'
import type { Scenario } from './scenario/scenario.ts'
import { shrink, sizeOf } from './scenario/shrink.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const say = (text: string) => void process.stdout.write(`${text}\n`)
// Whoever reads it has seen enough (`| head`).
process.stdout.on('error', () => process.exit(1))

function line({ seed, app, nodes, faults, operations, acknowledged, trace, violations }: RunReport): string {
  const what = `seed ${seed}: ${app}, ${nodes} nodes, ${acknowledged} of ${operations} calls acknowledged, ${faults.join(' ')}`
  return `${what}; trace ${trace.slice(0, 16)}; ${violations.length === 0 ? 'passed' : 'FAILED'}`
}

function explain(report: RunReport, replay: string): void {
  say(line(report))
  for (const { checker, message } of report.violations) say(`  ${checker}: ${message}`)
  say(`  again: ${replay}`)
}

interface OneRun {
  readonly replay: string
  readonly trace: string | undefined
  readonly shrinkRuns: number | undefined
}

async function runOne(scenario: Scenario, { replay, trace, shrinkRuns }: OneRun): Promise<boolean> {
  verifyOnce()
  const { report, lines } = await runScenario(scenario, trace !== undefined)
  if (trace !== undefined) await writeFile(trace, lines.join(''))
  if (report.violations.length === 0) {
    say(line(report))
    return true
  }
  explain(report, replay)
  if (shrinkRuns !== undefined) await shrunk(scenario, report, shrinkRuns)
  return false
}

/** Writes the smallest scenario found that fails in the same checkers. */
async function shrunk(scenario: Scenario, { violations }: RunReport, runsMax: number): Promise<void> {
  const checkers = new Set(violations.map(({ checker }) => checker))
  const smallest = await shrink(scenario, {
    runsMax,
    fails: async (candidate) => {
      // One that breaks the run itself fails in another way.
      const ended = await runScenario(candidate).catch(() => undefined)
      return ended?.report.violations.some(({ checker }) => checkers.has(checker)) ?? false
    },
  })
  const folder = path.join(ROOT, '.calbox/sim')
  await mkdir(folder, { recursive: true })
  const file = path.join(folder, `${scenario.seed}.json`)
  await writeFile(file, `${JSON.stringify(smallest, undefined, 1)}\n`)
  const { faults, operations, nodes } = smallest
  say(
    `  shrunk from ${sizeOf(scenario)} to ${nodes.length} nodes, ${operations.length} operations, ${faults.length} faults`,
  )
  say(`  again: npm run sim -- --scenario ${path.relative(ROOT, file)}`)
}

function replayOf({ seed, only: of, era }: Omit<SeedJob, 'pinned'>): string {
  return `npm run sim -- --seed ${seed}${of === undefined ? '' : ` --only ${of}`}${era === undefined ? '' : ` --era ${era}`}`
}

async function pinnedJobs(): Promise<SeedJob[]> {
  const text = await readFile(path.join(import.meta.dirname, 'pinned-seeds.json'), 'utf8')
  const { seeds } = JSON.parse(text) as { seeds: { seed: number; only?: Only; era?: Era; why: string }[] }
  return seeds.map(({ seed, only: of, era }) => ({ seed, only: of, era, pinned: true }))
}

interface Tally {
  readonly reports: RunReport[]
  readonly failed: { readonly job: SeedJob; readonly report: RunReport | undefined }[]
}

/** Says what was run so far; used in the middle, too, where somebody does not wait for the rest. */
function teller({ reports, failed }: Tally): (how: string) => void {
  const began = performance.now()
  const usedBefore = process.cpuUsage()
  return (how) => {
    const seconds = (performance.now() - began) / 1000
    // Of all threads, those of V8 included.
    const { user, system } = process.cpuUsage(usedBefore)
    const each = (user + system) / 1e6 / Math.max(1, reports.length)
    if (reports.length > 0) say(coverageText(coverageOf(reports)))
    say(
      `${how}${reports.length} seeds in ${seconds.toFixed(0)} s, ${each.toFixed(2)} s of a processor each, ${failed.length} failed`,
    )
  }
}

function startOf({ start }: ManyOptions): number {
  if (start === 'tree') return seedOfTree(ROOT)
  return start === 'time' ? seedOfTime() : start
}

async function runMany(options: ManyOptions, shrinkRuns: number | undefined): Promise<boolean> {
  const { pinned, only, count, secondsMax, failuresMax, workers } = options
  const start = startOf(options)
  const fresh = Array.from({ length: count }, (_, index): SeedJob => ({ seed: start + index, only, pinned: false }))
  const jobs = [...(pinned ? await pinnedJobs() : []), ...fresh]
  const tally: Tally = { reports: [], failed: [] }
  const { reports, failed } = tally
  const began = performance.now()
  const tell = teller(tally)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      tell(`interrupted, ${jobs.length - reports.length - failed.length} seeds not run to their end: `)
      process.exit(128 + constants.signals[signal])
    })
  }
  say(`${pinned ? `${jobs.length - count} pinned seeds, then ` : ''}${count} fresh seeds from ${start}`)
  await runSeeds(jobs, {
    workers,
    isEnough: (job) =>
      failed.length >= failuresMax || (!job.pinned && (performance.now() - began) / 1000 >= secondsMax),
    onAnswer: (answer, job) => {
      const replay = replayOf(job)
      if ('broke' in answer) {
        say(`seed ${job.seed}: the run itself broke: ${answer.broke}\n  again: ${replay}`)
        failed.push({ job, report: undefined })
        return
      }
      reports.push(answer.report)
      if (answer.report.violations.length === 0) return
      explain(answer.report, replay)
      failed.push({ job, report: answer.report })
    },
  })
  tell('')
  const first = failed.find(({ report }) => report !== undefined)
  if (first?.report && shrinkRuns !== undefined) {
    verifyOnce()
    await shrunk(generate(first.job.seed, first.job.only, first.job.era), first.report, shrinkRuns)
  }
  if (reports.length === 0 && failed.length === 0) say('no seed was run: that shows nothing, and counts as failed')
  return reports.length > 0 && failed.length === 0
}

/** Throws UsageError. */
async function scenarioIn(file: string): Promise<Scenario> {
  try {
    return parseScenario(await readFile(file, 'utf8'))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError(`cannot use ${file} as a scenario: ${why}`, { cause })
  }
}

async function main(options: SimOptions): Promise<boolean> {
  switch (options.kind) {
    case 'help':
      say(HELP)
      return true
    case 'many':
      return runMany(options, options.shrinkRuns)
    case 'seed':
      return runOne(generate(options.seed, options.only, options.era), { ...options, replay: replayOf(options) })
    case 'scenario': {
      const replay = `npm run sim -- --scenario ${options.file}`
      return runOne(await scenarioIn(options.file), { ...options, replay })
    }
  }
}

try {
  process.exitCode = (await main(parseOptions(process.argv.slice(2)))) ? 0 : 1
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`sim: ${error.message}; npm run sim -- --help\n`)
  process.exitCode = 2
}
