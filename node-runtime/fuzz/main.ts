// `npm run fuzz`: how many inputs the decoders survived, what they reached, and how to see a failure again.
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { fromHex } from '../src/base/bytes.ts'
import { harvestNetwork } from './harvest.ts'
import { BRANCHES_PERCENT_MIN, ROUND_INPUTS } from './limits.ts'
import { installMeter } from './meter.ts'
import { judge } from './oracle.ts'
import { runRounds } from './pool.ts'
import { Report } from './report.ts'
import type { Failure, RoundJob } from './round.ts'
import type { Target } from './target.ts'
import { targetsWith } from './targets.ts'
import type { RoundAnswer } from './worker.ts'

const HELP = `npm run fuzz -- [options]
  --inputs N      in all (default 1,000,000), shared out among the targets
  --measured N    of these, how many of each target are measured: branches, blocks (default ${ROUND_INPUTS})
  --target T      this target only; several by commas
  --seed S        default: from GITHUB_RUN_ID or the time
  --round R       this round only, as a failure names it
  --workers N     threads (default 1)
  --seconds N     begin no round after so many seconds
  --hex H         this input only
  --out FILE      write the report there as well
  --list          the names of the targets
`

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    measured: { type: 'string', default: String(ROUND_INPUTS) },
    target: { type: 'string' },
    seed: { type: 'string' },
    round: { type: 'string' },
    workers: { type: 'string', default: '1' },
    seconds: { type: 'string' },
    hex: { type: 'string' },
    out: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const say = (text: string) => void process.stdout.write(`${text}\n`)

function numberOf(name: string, text: string): number {
  const value = Number(text.replaceAll(',', ''))
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} takes a whole number, not ${text}`)
  return value
}

function chosen(all: readonly Target[]): Target[] {
  if (values.target === undefined) return [...all]
  return values.target.split(',').map((name) => {
    const target = all.find((one) => one.name === name)
    if (target === undefined) throw new Error(`no target ${name}; see --list`)
    return target
  })
}

/** So that a long run is seen to go on. */
function note({ report: { target, inputs, accepted } }: RoundAnswer, seconds: number): void {
  process.stderr.write(`${seconds.toFixed(0)} s: ${target}, ${inputs} inputs, ${accepted} accepted\n`)
}

function explain({ target, seed, round, index, why, hex }: Failure): void {
  say(`FAILED ${target}, seed ${seed}, round ${round}, input ${index}: ${why}`)
  if (hex !== '' && hex.length < 4000) say(`  again: npm run fuzz -- --target ${target} --hex ${hex}`)
  say(`  or: npm run fuzz -- --target ${target} --seed ${seed} --round ${round}`)
}

/** Rounds of every target, the measured ones apart; longer ones first, so that threads end together. */
function jobsOf(targets: readonly Target[], seed: number): { measured: RoundJob[]; plain: RoundJob[] } {
  const inputs = numberOf('inputs', values.inputs)
  const measuredMax = numberOf('measured', values.measured)
  const shares = targets.reduce((sum, { share = 1 }) => sum + share, 0)
  const measured: RoundJob[] = []
  const plain: RoundJob[] = []
  for (const { name, share = 1 } of targets) {
    let left = Math.ceil((inputs * share) / shares)
    const first = Math.min(left, Math.ceil(measuredMax * share))
    measured.push({ target: name, seed, round: 0, inputs: first })
    left -= first
    for (let round = 1; left > 0; round += 1) {
      plain.push({ target: name, seed, round, inputs: Math.min(left, ROUND_INPUTS) })
      left -= ROUND_INPUTS
    }
  }
  // Cut short, a run has had some of each.
  plain.sort((a, b) => a.round - b.round)
  return { measured, plain }
}

async function run(): Promise<boolean> {
  const harvest = await harvestNetwork()
  const targets = targetsWith(harvest)
  if (values.list) {
    for (const { name, decoders, seeds } of targets) say(`${name}: ${decoders.join(', ')}; ${seeds.length} seeds`)
    return true
  }
  if (values.hex !== undefined) return runOne(chosen(targets), values.hex)
  const seed = values.seed === undefined ? freshSeed() : numberOf('seed', values.seed)
  const secondsMax = values.seconds === undefined ? Number.POSITIVE_INFINITY : numberOf('seconds', values.seconds)
  const only = values.round === undefined ? undefined : numberOf('round', values.round)
  const all = jobsOf(chosen(targets), seed)
  const keep = (jobs: readonly RoundJob[]) => jobs.filter(({ round }) => only === undefined || round === only)
  const report = new Report()
  const failures: Failure[] = []
  const began = performance.now()
  const fail = (failure: Failure) => {
    failures.push(failure)
    explain(failure)
  }
  const options = {
    harvest,
    workers: Math.max(1, numberOf('workers', values.workers)),
    isEnough: () => (performance.now() - began) / 1000 >= secondsMax,
    onFailure: fail,
    onAnswer: (answer: RoundAnswer) => {
      report.add(answer)
      note(answer, (performance.now() - began) / 1000)
      for (const failure of [...answer.report.failures, ...(answer.amplified?.failures ?? [])]) fail(failure)
    },
  }
  say(`seed ${seed}`)
  await runRounds(keep(all.measured), { ...options, measures: true })
  await runRounds(keep(all.plain), { ...options, measures: false })
  const text = summary(report, failures, (performance.now() - began) / 1000)
  say(text)
  if (values.out !== undefined) await writeFile(values.out, `seed ${seed}\n${text}\n`)
  const whole = values.target === undefined && only === undefined
  return failures.length === 0 && (!whole || (report.percent ?? 0) >= BRANCHES_PERCENT_MIN)
}

function summary(report: Report, failures: readonly Failure[], seconds: number): string {
  const files = values.target === undefined ? report.filesBelow(100) : []
  return [
    report.text(),
    ...files,
    `branches of the decoders reached: ${report.percent?.toFixed(1) ?? 'not measured'} %, at least ${BRANCHES_PERCENT_MIN} are asked for`,
    `${report.inputs} inputs in ${seconds.toFixed(0)} s, ${failures.length} failures`,
  ].join('\n')
}

function runOne([target]: readonly Target[], hex: string): boolean {
  if (target === undefined) return false
  const verdict = judge(target, fromHex(hex), installMeter())
  say(verdict.kind === 'failed' ? `FAILED ${verdict.why}` : JSON.stringify(verdict))
  return verdict.kind !== 'failed'
}

function freshSeed(): number {
  const id = Number(process.env.GITHUB_RUN_ID)
  return Number.isSafeInteger(id) && id > 0 ? id % 2 ** 31 : Math.floor(Date.now() / 1000)
}

if (values.help) say(HELP)
else process.exitCode = (await run()) ? 0 : 1
