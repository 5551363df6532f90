// `npm run fuzz`: how many inputs the decoders survived, what they reached, and how to see a failure again.
import { writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { runCommand } from '../../scripts/command-line.ts'
import type { Bytes } from '../src/base/bytes.ts'
import { harvestNetwork } from './harvest.ts'
import { inputsToMeasure, jobsOf } from './jobs.ts'
import { INPUTS } from './limits.ts'
import { installMeter } from './meter.ts'
import { type FuzzOptions, HELP, parseOptions, type RunOptions } from './options.ts'
import { judge } from './oracle.ts'
import { runRounds } from './pool.ts'
import { branchesText, isReached, Report, tooFewText } from './report.ts'
import type { Failure } from './round.ts'
import type { Target } from './target.ts'
import { targetsWith } from './targets.ts'
import type { RoundAnswer } from './worker.ts'

const say = (text: string) => void process.stdout.write(`${text}\n`)

/** So that a long run is seen to go on. */
function note({ report: { target, inputs, accepted } }: RoundAnswer, seconds: number): void {
  process.stderr.write(`${seconds.toFixed(0)} s: ${target}, ${inputs} inputs, ${accepted} accepted\n`)
}

function explain({ target, seed, round, index, why, hex }: Failure): void {
  say(`FAILED ${target}, seed ${seed}, round ${round}, input ${index}: ${why}`)
  if (hex !== '' && hex.length < 4000) say(`  again: npm run fuzz -- --target ${target} --hex ${hex}`)
  say(`  or: npm run fuzz -- --target ${target} --seed ${seed} --round ${round}`)
}

/** What there is to say of a run, at its end and before. */
class Tally {
  readonly report = new Report()
  readonly failures: Failure[] = []
  readonly #options: RunOptions
  readonly #seed: number
  readonly #targets: readonly Target[]
  readonly #rounds: number
  #began: number | undefined
  #answered = 0

  constructor(
    options: RunOptions,
    { seed, targets, rounds }: { seed: number; targets: readonly Target[]; rounds: number },
  ) {
    this.#options = options
    this.#seed = seed
    this.#targets = targets
    this.#rounds = rounds
  }

  /** From here on time counts. */
  begin(): void {
    this.#began = performance.now()
  }

  get seconds(): number {
    return this.#began === undefined ? 0 : (performance.now() - this.#began) / 1000
  }

  add(answer: RoundAnswer): void {
    this.#answered += 1
    this.report.add(answer)
    note(answer, this.seconds)
    for (const failure of [...answer.report.failures, ...(answer.amplified?.failures ?? [])]) this.fail(failure)
  }

  fail(failure: Failure): void {
    this.failures.push(failure)
    explain(failure)
  }

  /** Prints and keeps it. `how`: why it ends here. */
  tell(how: string): void {
    const { isWhole, inputs = INPUTS, measured, names, out } = this.#options
    const left = this.#rounds - this.#answered
    const asked = { inputs, inputsToMeasure: inputsToMeasure(this.#targets, measured), isCut: left > 0 }
    const { report, failures } = this
    const isSome = names.length < this.#targets.length || report.reached === undefined
    const text = [
      report.text(),
      ...(isSome ? [] : report.filesBelow(100)),
      branchesText(report.reached, isWhole ? asked : undefined),
      `${how}${left > 0 ? `${left} of ${this.#rounds} rounds not run to their end: ` : ''}${report.inputs} inputs in ${this.seconds.toFixed(0)} s, ${failures.length} failures`,
    ].join('\n')
    say(text)
    if (out !== undefined) writeFileSync(out, `seed ${this.#seed}\n${text}\n`)
  }

  get isWell(): boolean {
    const { report, failures } = this
    return failures.length === 0 && report.inputs > 0 && (!this.#options.isWhole || isReached(report.reached))
  }
}

async function run(options: RunOptions, all: readonly Target[]): Promise<boolean> {
  const seed = options.seed ?? freshSeed()
  const targets = options.names.flatMap((name) => all.find((target) => target.name === name) ?? [])
  const jobs = jobsOf(targets, { ...options, seed })
  say(`seed ${seed}`)
  const { inputs = INPUTS, measured, isWhole } = options
  const few = tooFewText({ inputs, inputsToMeasure: inputsToMeasure(all, measured) })
  if (isWhole && few !== undefined) say(`${few}; this run goes on, and may end as FAILED for that alone`)
  const rounds = jobs.measured.length + jobs.plain.length
  const tally = new Tally(options, { seed, targets: all, rounds })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      tally.tell('interrupted, ')
      process.exit(128 + constants.signals[signal])
    })
  }
  const harvest = await harvestNetwork()
  tally.begin()
  const rest = {
    harvest,
    workers: options.workers,
    isEnough: () => tally.seconds >= options.secondsMax,
    onFailure: (failure: Failure) => tally.fail(failure),
    onAnswer: (answer: RoundAnswer) => tally.add(answer),
  }
  await runRounds(jobs.measured, { ...rest, measures: true })
  await runRounds(jobs.plain, { ...rest, measures: false })
  tally.tell('')
  return tally.isWell
}

function runOne(target: Target | undefined, input: Bytes): boolean {
  if (target === undefined) return false
  const verdict = judge(target, input, installMeter())
  say(verdict.kind === 'failed' ? `FAILED ${verdict.why}` : JSON.stringify(verdict))
  return verdict.kind !== 'failed'
}

function freshSeed(): number {
  const id = Number(process.env.GITHUB_RUN_ID)
  return Number.isSafeInteger(id) && id > 0 ? id % 2 ** 31 : Math.floor(Date.now() / 1000)
}

async function main(options: FuzzOptions, all: readonly Target[]): Promise<boolean> {
  switch (options.kind) {
    case 'help':
      say(HELP)
      return true
    case 'list':
      for (const { name, decoders, seeds } of targetsWith(await harvestNetwork()))
        say(`${name}: ${decoders.join(', ')}; ${seeds.length} seeds`)
      return true
    case 'input':
      return runOne(
        all.find(({ name }) => name === options.name),
        options.input,
      )
    case 'run':
      return run(options, all)
  }
}

// With their own seeds: those of a network are of use to rounds only.
const all = targetsWith({})
const names = all.map(({ name }) => name)
await runCommand('fuzz', () => main(parseOptions(process.argv.slice(2), names), all))
