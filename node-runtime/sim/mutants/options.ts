// What `npm run mutants` was asked for, or what is wrong with it.
import { checkWritable, optionValues, UsageError, wholeNumber } from '../../../scripts/command-line.ts'
import { MUTANTS } from './all.ts'
import { FIRST_SEED, SEEDS_MAX } from './limits.ts'
import type { Mutant } from './mutant.ts'

export const HELP = `npm run mutants -- [options]
  --only NAMES   these bugs only, separated by commas; a part of the name is enough
  --seeds N      how many seeds each may take (default ${SEEDS_MAX})
  --from S       the first seed (default ${FIRST_SEED})
  --jobs N       bugs hunted at once (default 1)
  --out FILE     keep the results there as JSON; those of other bugs stay
  --check        no hunt: each bug on the one seed that result.json says it was caught by
  --list         only say which bugs there are
Exit code: 0 all caught, 1 some missed, 2 wrong options, 130 or 143 interrupted (with what was found so far).
`

export type MutantOptions =
  | { readonly kind: 'help' }
  | { readonly kind: 'list'; readonly mutants: readonly Mutant[] }
  | { readonly kind: 'check'; readonly mutants: readonly Mutant[]; readonly jobs: number }
  | {
      readonly kind: 'hunt'
      readonly mutants: readonly Mutant[]
      readonly jobs: number
      readonly seeds: number
      readonly from: number
      readonly out: string | undefined
    }

const OPTIONS = {
  only: { type: 'string' },
  seeds: { type: 'string' },
  from: { type: 'string' },
  jobs: { type: 'string' },
  out: { type: 'string' },
  check: { type: 'boolean' },
  list: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

const OF_HUNT = ['seeds', 'from', 'out'] as const

/** Throws UsageError. */
export function parseOptions(args: readonly string[]): MutantOptions {
  const values = optionValues(args, OPTIONS)
  if (values.help) return { kind: 'help' }
  const mutants = chosen(values.only)
  const number = (name: 'seeds' | 'from' | 'jobs', otherwise: number) =>
    values[name] === undefined ? otherwise : wholeNumber(name, values[name], 1)
  const refuse = (option: string, others: readonly (keyof typeof OPTIONS)[]) => {
    const second = others.find((name) => values[name] !== undefined)
    if (second !== undefined) throw new UsageError(`${option} and --${second} do not go together`)
  }
  if (values.list) {
    refuse('--list', [...OF_HUNT, 'jobs', 'check'])
    return { kind: 'list', mutants }
  }
  const jobs = number('jobs', 1)
  if (values.check) {
    refuse('--check', OF_HUNT)
    return { kind: 'check', mutants, jobs }
  }
  const hunt = { mutants, jobs, seeds: number('seeds', SEEDS_MAX), from: number('from', FIRST_SEED), out: values.out }
  if (hunt.out !== undefined) checkWritable('out', hunt.out)
  return { kind: 'hunt', ...hunt }
}

function chosen(only: string | undefined): readonly Mutant[] {
  if (only === undefined) return MUTANTS
  const parts = only.split(',')
  const unknown = parts.find((part) => part === '' || !MUTANTS.some(({ name }) => name.includes(part)))
  if (unknown !== undefined) throw new UsageError(`no planted bug is called ${JSON.stringify(unknown)}; see --list`)
  return MUTANTS.filter(({ name }) => parts.some((part) => name.includes(part)))
}
