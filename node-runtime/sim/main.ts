// `npm run sim`: runs seeds or one scenario, and says what failed and how to see it again. The only place of the simulator
// that knows what time it is.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { seedOfTime, seedOfTree } from './fresh-seeds.ts'
import { runSeeds, type SeedJob } from './pool.ts'
import { coverageOf, coverageText } from './record/coverage.ts'
import { type RunReport, runScenario } from './run/run-seed.ts'
import { verifyOnce } from './run/verified-once.ts'
import { generate, type Only } from './scenario/generate.ts'
import { parseScenario, type Scenario } from './scenario/scenario.ts'
import { shrink, sizeOf } from './scenario/shrink.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const HELP = `npm run sim -- [options]
  --seeds N         how many fresh seeds (default 100, or what fits into --seconds)
  --start S         the first of them (default: from GITHUB_RUN_ID or the time)
  --from-tree       the first of them is of the committed content: the same content, the same seeds
  --seed S          this seed only
  --pinned          every seed that was ever pinned, before the fresh ones
  --scenario FILE   this scenario only
  --only host|guest applications of one kind only
  --first           as seeds were when the first were pinned: with other numbers of nodes, and without later additions
  --seconds N       begin no fresh seed after so many seconds
  --workers N       threads (default 2)
  --failures N      stop after so many failures (default 5)
  --no-shrink       leave failing scenarios as they are
  --shrink-runs N   what shrinking one may cost (default 150)
  --trace FILE      write the trace of one seed or scenario
`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    start: { type: 'string' },
    'from-tree': { type: 'boolean', default: false },
    seed: { type: 'string' },
    pinned: { type: 'boolean', default: false },
    scenario: { type: 'string' },
    only: { type: 'string' },
    first: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    workers: { type: 'string', default: '2' },
    failures: { type: 'string', default: '5' },
    shrink: { type: 'boolean', default: true },
    'shrink-runs': { type: 'string', default: '150' },
    trace: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
  allowNegative: true,
})

const say = (text: string) => void process.stdout.write(`${text}\n`)
// Whoever reads it has seen enough (`| head`).
process.stdout.on('error', () => process.exit(1))
const only = onlyOf(values.only)

function onlyOf(text: string | undefined): Only | undefined {
  if (text === undefined || text === 'host' || text === 'guest') return text
  throw new Error(`--only takes host or guest, not ${text}`)
}

function numberOf(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} takes a whole number, not ${text}`)
  return value
}

function freshStart(): number {
  if (values.start !== undefined) return numberOf('start', values.start)
  return values['from-tree'] ? seedOfTree(ROOT) : seedOfTime()
}

function line({ seed, app, nodes, faults, operations, acknowledged, trace, violations }: RunReport): string {
  const what = `seed ${seed}: ${app}, ${nodes} nodes, ${acknowledged}/${operations} calls, ${faults.join(' ')}`
  return `${what}; trace ${trace.slice(0, 16)}; ${violations.length === 0 ? 'passed' : 'FAILED'}`
}

function explain(report: RunReport, replay: string): void {
  say(line(report))
  for (const { checker, message } of report.violations) say(`  ${checker}: ${message}`)
  say(`  again: ${replay}`)
}

async function runOne(scenario: Scenario, replay: string): Promise<boolean> {
  verifyOnce()
  const { report, lines } = await runScenario(scenario, values.trace !== undefined)
  if (values.trace !== undefined) await writeFile(values.trace, lines.join(''))
  if (report.violations.length === 0) {
    say(line(report))
    return true
  }
  explain(report, replay)
  if (values.shrink) await shrunk(scenario, report)
  return false
}

/** Writes the smallest scenario found that fails in the same checkers. */
async function shrunk(scenario: Scenario, { violations }: Pick<RunReport, 'violations'>): Promise<void> {
  const checkers = new Set(violations.map(({ checker }) => checker))
  const smallest = await shrink(scenario, {
    runsMax: numberOf('shrink-runs', values['shrink-runs']),
    fails: async (candidate) => {
      const { report } = await runScenario(candidate)
      return report.violations.some(({ checker }) => checkers.has(checker))
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

function replayOf({ seed, only: of, first }: Omit<SeedJob, 'pinned'>): string {
  return `npm run sim -- --seed ${seed}${of === undefined ? '' : ` --only ${of}`}${first ? ' --first' : ''}`
}

async function pinnedJobs(): Promise<SeedJob[]> {
  const text = await readFile(path.join(import.meta.dirname, 'pinned-seeds.json'), 'utf8')
  const { seeds } = JSON.parse(text) as { seeds: { seed: number; only?: Only; first?: boolean; why: string }[] }
  return seeds.map(({ seed, only: of, first = false }) => ({ seed, only: of, first, pinned: true }))
}

async function runMany(): Promise<boolean> {
  const start = freshStart()
  const secondsMax = values.seconds === undefined ? Number.POSITIVE_INFINITY : numberOf('seconds', values.seconds)
  const count = numberOf('seeds', values.seeds ?? (values.seconds === undefined ? '100' : '10000'))
  const fresh = Array.from({ length: count }, (_, index): SeedJob => ({ seed: start + index, only, pinned: false }))
  const jobs = [...(values.pinned ? await pinnedJobs() : []), ...fresh]
  const failuresMax = numberOf('failures', values.failures)
  const reports: RunReport[] = []
  const failed: { job: SeedJob; report: RunReport | undefined }[] = []
  const began = performance.now()
  const usedBefore = process.cpuUsage()
  say(`${values.pinned ? `${jobs.length - count} pinned seeds, then ` : ''}fresh seeds from ${start}`)
  await runSeeds(jobs, {
    workers: numberOf('workers', values.workers),
    isEnough: ({ pinned }) =>
      failed.length >= failuresMax || (!pinned && (performance.now() - began) / 1000 >= secondsMax),
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
  const seconds = (performance.now() - began) / 1000
  // Of all threads, those of V8 included.
  const { user, system } = process.cpuUsage(usedBefore)
  const each = (user + system) / 1e6 / Math.max(1, reports.length)
  say(coverageText(coverageOf(reports)))
  say(
    `${reports.length} seeds in ${seconds.toFixed(0)} s, ${each.toFixed(2)} s of a processor each, ${failed.length} failed`,
  )
  const first = failed.find(({ report }) => report !== undefined)
  if (first?.report && values.shrink) {
    verifyOnce()
    await shrunk(generate(first.job.seed, first.job.only, first.job.first), first.report)
  }
  return failed.length === 0
}

async function main(): Promise<boolean> {
  if (values.help) {
    say(HELP)
    return true
  }
  if (values.scenario !== undefined) {
    return runOne(
      parseScenario(await readFile(values.scenario, 'utf8')),
      `npm run sim -- --scenario ${values.scenario}`,
    )
  }
  if (values.seed === undefined) return runMany()
  const seed = numberOf('seed', values.seed)
  const job = { seed, only, first: values.first }
  return runOne(generate(seed, only, values.first), replayOf(job))
}

process.exitCode = (await main()) ? 0 : 1
