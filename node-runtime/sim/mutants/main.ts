// `npm run mutants`: plants each bug in turn and lets the simulator find it. Exits with 1 when one is missed, or does not
// fit its source any more.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { MUTANTS } from './all.ts'
import { Baseline, type Hunt, hunt } from './hunt.ts'
import { FIRST_SEED, SEEDS_MAX } from './limits.ts'
import type { Mutant } from './mutant.ts'
import { checkMutant } from './replacement.ts'

const HELP = `npm run mutants -- [options]
  --only NAMES   these bugs only, separated by commas; a part of the name is enough
  --seeds N      how many seeds each may take (default ${SEEDS_MAX})
  --from S       the first seed (default ${FIRST_SEED})
  --jobs N       bugs hunted at once (default 1)
  --out FILE     keep the results there as JSON; those of other bugs stay
  --list         only say which bugs there are
`

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seeds: { type: 'string', default: String(SEEDS_MAX) },
    from: { type: 'string', default: String(FIRST_SEED) },
    jobs: { type: 'string', default: '1' },
    out: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const say = (text: string) => void process.stdout.write(`${text}\n`)

function numberOf(name: 'seeds' | 'from' | 'jobs'): number {
  const value = Number(values[name])
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} takes a whole number, not ${values[name]}`)
  return value
}

function chosen(): readonly Mutant[] {
  const names = values.only?.split(',')
  if (names === undefined) return MUTANTS
  const found = MUTANTS.filter(({ name }) => names.some((part) => name.includes(part)))
  if (found.length === 0) throw new Error(`no bug is called ${values.only}`)
  return found
}

function line({ name, seeds, caughtBy, checkers, cpuSeconds }: Hunt): string {
  const result = caughtBy === undefined ? 'MISSED' : checkers.join(' ')
  return `${name.padEnd(52)} ${String(seeds).padStart(5)} ${cpuSeconds.toFixed(0).padStart(6)} s  ${result}`
}

async function huntAll(mutants: readonly Mutant[]): Promise<Hunt[]> {
  const baseline = new Baseline()
  const options = { from: numberOf('from'), seeds: numberOf('seeds'), baseline }
  const results = new Map<string, Hunt>()
  const waiting = [...mutants].reverse()
  const work = async () => {
    for (let mutant = waiting.pop(); mutant !== undefined; mutant = waiting.pop()) {
      const result = await hunt(mutant, options)
      results.set(mutant.name, result)
      say(line(result))
      if (values.out !== undefined) keep(values.out, recorded(mutant, result))
    }
  }
  await Promise.all(Array.from({ length: numberOf('jobs') }, work))
  await baseline.close()
  return mutants.flatMap(({ name }) => results.get(name) ?? [])
}

async function main(): Promise<boolean> {
  if (values.help) {
    say(HELP)
    return true
  }
  const mutants = chosen()
  for (const mutant of mutants) checkMutant(mutant)
  if (values.list) {
    for (const { name, breaks, chosenFrom, file, why } of mutants)
      say(`${name}  ${breaks}  ${chosenFrom}  ${file}\n    ${why}`)
    return true
  }
  say(`${mutants.length} planted bugs, seeds from ${values.from}\n${'bug'.padEnd(52)} seeds      CPU  caught by`)
  const results = await huntAll(mutants)
  const missed = results.filter(({ caughtBy }) => caughtBy === undefined)
  say(`${results.length - missed.length} caught, ${missed.length} missed`)
  return missed.length === 0
}

interface Recorded {
  readonly name: string
}

/** What is the same for everyone who runs it, but for the CPU. */
function recorded(
  { name, file, breaks, chosenFrom }: Mutant,
  { seeds, caughtBy, checkers, cpuSeconds }: Hunt,
): Recorded {
  const found = { seeds, caughtBy: caughtBy ?? null, checkers, cpuSeconds: Math.round(cpuSeconds) }
  return Object.assign({ name, file, breaks, chosenFrom }, found)
}

/** In the order of the list, without what is not in it any more. */
function keep(file: string, result: Recorded): void {
  const before: Recorded[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []
  const all = new Map([...before, result].map((each) => [each.name, each]))
  const kept = MUTANTS.flatMap(({ name }) => all.get(name) ?? [])
  writeFileSync(file, `${JSON.stringify(kept, undefined, 1)}\n`)
}

process.exitCode = (await main()) ? 0 : 1
