// `npm run sim`: runs seeds or one scenario, and says what failed and how to see it again. The only place of the simulator
// that knows what time it is.
import { readFile, writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import path from 'node:path'
import { checkWritable, runCommand, UsageError } from '../../scripts/command-line.ts'
import { seedOfTime, seedOfTree } from './fresh-seeds.ts'
import { HELP, type ManyOptions, parseOptions, type SimOptions } from './options.ts'
import { runSeeds, type SeedAnswer, type SeedJob } from './pool.ts'
import { progressOn } from './progress.ts'
import { coverageOf, coverageText, shortOf } from './record/coverage.ts'
import { type RunReport, runScenario } from './run/run-seed.ts'
import { verifyOnce } from './run/verified-once.ts'
import { type Era, generate, type Only } from './scenario/generate.ts'
import { parseScenario } from './scenario/parse-scenario.ts'
import type { Scenario } from './scenario/scenario.ts'
import { shrinkFailure } from './shrinking.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const say = (text: string) => void process.stdout.write(`${text}\n`)
const progress = progressOn(process.stderr, () => performance.now())

function line({ seed, app, nodes, faults, operations, acknowledged, attempted, trace, violations }: RunReport): string {
  const what = `seed ${seed}: ${app}, ${nodes} nodes, ${acknowledged} of ${operations} calls acknowledged, ${attempted} writes attempted, ${faults.join(' ')}`
  return `${what}; trace ${trace.slice(0, 16)}; ${violations.length === 0 ? 'passed' : 'FAILED'}`
}

function explain(report: RunReport, replay: string): void {
  say(line(report))
  for (const { checker, message } of report.violations) say(`  ${checker}: ${message}`)
  say(`  again: ${replay}`)
}

interface OneRun {
  readonly replay: string
  readonly file?: string
  readonly trace: string | undefined
  readonly shrinkRuns: number | undefined
}

async function runOne(scenario: Scenario, { replay, file, trace, shrinkRuns }: OneRun): Promise<boolean> {
  if (trace !== undefined) checkWritable('trace', trace)
  verifyOnce()
  const { report, lines } = await runScenario(scenario, trace !== undefined)
  if (trace !== undefined) await writeFile(trace, lines.join(''))
  if (report.violations.length === 0) {
    say(line(report))
    return true
  }
  explain(report, replay)
  if (shrinkRuns !== undefined)
    say(await shrinkFailure(scenario, report, { runsMax: shrinkRuns, progress, ...(file !== undefined && { file }) }))
  return false
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
  /** Of the fresh seeds: what was pinned says nothing of the generator. */
  readonly fresh: RunReport[]
  readonly failed: { readonly job: SeedJob; readonly report: RunReport | undefined }[]
}

interface Teller {
  /** What comes after takes no time of the seeds. */
  stop(): void
  /** What was run so far; used in the middle, too, where somebody does not wait for the rest. */
  tell(how: string): void
}

function teller({ reports, fresh, failed }: Tally): Teller {
  const began = performance.now()
  const usedBefore = process.cpuUsage()
  // Of all threads, those of V8 included.
  const spentSoFar = () => {
    const { user, system } = process.cpuUsage(usedBefore)
    return { seconds: (performance.now() - began) / 1000, used: (user + system) / 1e6 }
  }
  let spent: ReturnType<typeof spentSoFar> | undefined
  return {
    stop: () => {
      spent ??= spentSoFar()
    },
    tell: (how) => {
      const { seconds, used } = spent ?? spentSoFar()
      if (fresh.length > 0) say(coverageText(coverageOf(fresh)))
      const share = `${(used / Math.max(1, reports.length)).toFixed(2)} s of a processor${reports.length === 0 ? '' : ' each'}`
      say(`${how}${reports.length} seeds in ${seconds.toFixed(0)} s, ${share}, ${failed.length} failed`)
    },
  }
}

function startOf({ start }: ManyOptions): number {
  if (start === 'tree') return seedOfTree(ROOT)
  return start === 'time' ? seedOfTime() : start
}

function judge({ reports, fresh, failed }: Tally, answer: SeedAnswer, job: SeedJob): void {
  const replay = replayOf(job)
  if ('broke' in answer) {
    say(`seed ${job.seed}: the run itself broke: ${answer.broke}\n  again: ${replay}`)
    failed.push({ job, report: undefined })
    return
  }
  reports.push(answer.report)
  if (!job.pinned) fresh.push(answer.report)
  if (answer.report.violations.length === 0) return
  explain(answer.report, replay)
  failed.push({ job, report: answer.report })
}

async function runMany(options: ManyOptions, shrinkRuns: number | undefined): Promise<boolean> {
  const { pinned, only, count, secondsMax, failuresMax, workers } = options
  const start = startOf(options)
  const drawn = Array.from({ length: count }, (_, index): SeedJob => ({ seed: start + index, only, pinned: false }))
  const jobs = [...(pinned ? await pinnedJobs() : []), ...drawn]
  const tally: Tally = { reports: [], fresh: [], failed: [] }
  const { reports, fresh, failed } = tally
  const began = performance.now()
  const { stop, tell } = teller(tally)
  const enough = new AbortController()
  let done = 0
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      tell(`interrupted, ${jobs.length - done} seeds not run to their end: `)
      process.exit(128 + constants.signals[signal])
    })
  }
  say(`${pinned ? `${jobs.length - count} pinned seeds, then ` : ''}${count} fresh seeds from ${start}`)
  await runSeeds(jobs, {
    workers,
    stop: enough.signal,
    isEnough: (job) => !job.pinned && (performance.now() - began) / 1000 >= secondsMax,
    onAnswer: (answer, job) => {
      done += 1
      judge(tally, answer, job)
      if (failed.length >= failuresMax) enough.abort()
      progress(() => `${done} of ${jobs.length} seeds, ${failed.length} failed`)
    },
  })
  stop()
  const first = failed.find(({ report }) => report !== undefined)
  if (first?.report && shrinkRuns !== undefined) {
    verifyOnce()
    const { seed, only: of, era } = first.job
    say(await shrinkFailure(generate(seed, of, era), first.report, { runsMax: shrinkRuns, progress }))
  }
  tell(
    enough.signal.aborted
      ? `stopped at ${failed.length} failures, ${jobs.length - done} seeds not run to their end: `
      : '',
  )
  if (reports.length === 0 && failed.length === 0) say('no seed was run: that shows nothing, and counts as failed')
  // One kind of application alone does not go through all of it.
  const short = only === undefined ? shortOf(coverageOf(fresh)) : []
  if (short.length > 0)
    say(`too few seeds went through: ${short.map(({ what }) => what).join(', ')}; that counts as failed`)
  return reports.length > 0 && failed.length === 0 && short.length === 0
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

await runCommand('sim', () => main(parseOptions(process.argv.slice(2))))
