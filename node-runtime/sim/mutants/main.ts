// `npm run mutants`: plants each bug in turn and lets the simulator find it. Exits with 1 when one is missed, or does not
// fit its source any more.
import { constants } from 'node:os'
import { runCommand } from '../../../scripts/command-line.ts'
import { Baseline, type Hunt, hunt } from './hunt.ts'
import type { Mutant } from './mutant.ts'
import { HELP, type MutantOptions, parseOptions } from './options.ts'
import { type Recheck, recheck } from './recheck.ts'
import { begin, keep, RESULT_FILE, readRecorded } from './recorded.ts'
import { checkMutant } from './replacement.ts'

type Of<Kind extends MutantOptions['kind']> = Extract<MutantOptions, { kind: Kind }>

const say = (text: string) => void process.stdout.write(`${text}\n`)

function line({ name, seeds, caughtBy, checkers, cpuSeconds }: Hunt): string {
  const result = caughtBy === undefined ? 'MISSED' : checkers.join(' ')
  return `${name.padEnd(52)} ${String(seeds).padStart(5)} ${cpuSeconds.toFixed(0).padStart(6)} s  ${result}`
}

function recheckLine({ name, seed, checkers, why }: Recheck): string {
  return `${name.padEnd(52)} ${String(seed ?? '').padStart(10)}  ${why === undefined ? checkers.join(' ') : `LOST: ${why}`}`
}

interface Work {
  readonly mutants: readonly Mutant[]
  readonly jobs: number
  /** One bug: whether it was caught. */
  readonly judge: (mutant: Mutant, baseline: Baseline) => Promise<boolean>
  /** What those that were not caught are called. */
  readonly missed: string
}

/** So many at a time. Says what was found so far, too, where somebody does not wait for the rest. */
async function judgeAll({ mutants, jobs, judge, missed }: Work): Promise<boolean> {
  const baseline = new Baseline()
  const found = { caught: 0, missed: 0 }
  const tell = (how: string) => say(`${how}${found.caught} caught, ${found.missed} ${missed}`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      tell(`interrupted, ${mutants.length - found.caught - found.missed} planted bugs not judged: `)
      process.exit(128 + constants.signals[signal])
    })
  }
  const waiting = [...mutants].reverse()
  const work = async () => {
    for (let mutant = waiting.pop(); mutant !== undefined; mutant = waiting.pop())
      found[(await judge(mutant, baseline)) ? 'caught' : 'missed'] += 1
  }
  await Promise.all(Array.from({ length: jobs }, work))
  await baseline.close()
  tell('')
  return found.missed === 0
}

function huntAll({ mutants, jobs, from, seeds, out }: Of<'hunt'>): Promise<boolean> {
  if (out !== undefined) begin(out)
  say(`${mutants.length} planted bugs, seeds from ${from}\n${'bug'.padEnd(52)} seeds      CPU  caught by`)
  const judge = async (mutant: Mutant, baseline: Baseline) => {
    const result = await hunt(mutant, { from, seeds, baseline })
    say(line(result))
    if (out !== undefined) keep(out, mutant, result)
    return result.caughtBy !== undefined
  }
  return judgeAll({ mutants, jobs, judge, missed: 'missed' })
}

async function checkAll({ mutants, jobs }: Of<'check'>): Promise<boolean> {
  const caughtBy = new Map(readRecorded(RESULT_FILE).map((each) => [each.name, each.caughtBy]))
  say(`${mutants.length} planted bugs, each on its recorded seed\n${'bug'.padEnd(52)}       seed  caught by`)
  const judge = async (mutant: Mutant, baseline: Baseline) => {
    const result = await recheck(mutant, { caughtBy: caughtBy.get(mutant.name), baseline })
    say(recheckLine(result))
    return result.why === undefined
  }
  return judgeAll({ mutants, jobs, judge, missed: 'not caught there any more' })
}

async function main(options: MutantOptions): Promise<boolean> {
  if (options.kind === 'help') {
    say(HELP)
    return true
  }
  for (const mutant of options.mutants) checkMutant(mutant)
  if (options.kind === 'hunt') return huntAll(options)
  if (options.kind === 'check') return checkAll(options)
  for (const { name, breaks, chosenFrom, file, why } of options.mutants)
    say(`${name}  ${breaks}  ${chosenFrom}  ${file}\n    ${why}`)
  return true
}

await runCommand('mutants', () => main(parseOptions(process.argv.slice(2))))
