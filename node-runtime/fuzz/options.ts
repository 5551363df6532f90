// What `npm run fuzz` was asked for, or what is wrong with it: it never runs something else than that, and never nothing.
import { checkWritable, optionValues, UsageError, wholeNumber } from '../../scripts/command-line.ts'
import { type Bytes, fromHex } from '../src/base/bytes.ts'
import { INPUTS, ROUND_INPUTS } from './limits.ts'

export const HELP = `npm run fuzz -- [options]
  --inputs N      in all (default ${INPUTS.toLocaleString('en')}), shared out among the targets
  --measured N    of these, how many of each target are measured: branches, blocks (default ${ROUND_INPUTS})
  --target T      this target only; several by commas
  --seed S        default: from GITHUB_RUN_ID or the time
  --round R       this round of --seed only, as a failure names it; with --inputs the first N of its inputs
  --workers N     threads (default 1)
  --seconds N     begin no round after so many seconds
  --hex H         this input of --target only
  --out FILE      write the report there as well
  --list          the names of the targets
Exit code: 0 all held, 1 an input failed or too few branches were reached, 2 wrong options, 130 or 143 interrupted (with what was
reached so far). Branches count where all targets run, and those that the measured inputs take.
`

export interface RunOptions {
  readonly kind: 'run'
  /** Of targets. */
  readonly names: readonly string[]
  /** All targets and rounds: what they reach is judged. */
  readonly isWhole: boolean
  /** Undefined: as many as there are by default. */
  readonly inputs: number | undefined
  readonly measured: number
  readonly seed: number | undefined
  readonly round: number | undefined
  readonly workers: number
  readonly secondsMax: number
  readonly out: string | undefined
}

export type FuzzOptions =
  | { readonly kind: 'help' | 'list' }
  | { readonly kind: 'input'; readonly name: string; readonly input: Bytes }
  | RunOptions

const OPTIONS = {
  inputs: { type: 'string' },
  measured: { type: 'string' },
  target: { type: 'string' },
  seed: { type: 'string' },
  round: { type: 'string' },
  workers: { type: 'string' },
  seconds: { type: 'string' },
  hex: { type: 'string' },
  out: { type: 'string' },
  list: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

type Values = ReturnType<typeof optionValues<typeof OPTIONS>>

const OF_RUN = ['inputs', 'measured', 'seed', 'round', 'workers', 'seconds', 'out'] as const

/** `all`: the names of the targets. Throws UsageError. */
export function parseOptions(args: readonly string[], all: readonly string[]): FuzzOptions {
  const values = optionValues(args, OPTIONS)
  if (values.help) return { kind: 'help' }
  if (values.list) {
    refuse(values, '--list', ['target', 'hex', ...OF_RUN])
    return { kind: 'list' }
  }
  const names = namesOf(values, all)
  if (values.hex !== undefined) return inputOf(values, values.hex, names)
  const number = (name: 'inputs' | 'measured' | 'seed' | 'round' | 'workers' | 'seconds', least: number) =>
    values[name] === undefined ? undefined : wholeNumber(name, ungrouped(values[name]), least)
  const options: RunOptions = {
    kind: 'run',
    names,
    isWhole: values.target === undefined && values.round === undefined,
    inputs: number('inputs', 1),
    measured: number('measured', 1) ?? ROUND_INPUTS,
    seed: number('seed', 0),
    round: number('round', 0),
    workers: number('workers', 1) ?? 1,
    secondsMax: number('seconds', 1) ?? Number.POSITIVE_INFINITY,
    out: values.out,
  }
  if (options.round !== undefined && options.seed === undefined)
    throw new UsageError('--round is of one seed: it needs --seed')
  if (options.out !== undefined) checkWritable('out', options.out)
  return options
}

function namesOf({ target }: Values, all: readonly string[]): readonly string[] {
  if (target === undefined) return all
  const names = [...new Set(target.split(','))]
  const unknown = names.find((name) => !all.includes(name))
  if (unknown !== undefined) throw new UsageError(`no target is called ${JSON.stringify(unknown)}; see --list`)
  return names
}

function inputOf(values: Values, hex: string, [name = '', ...others]: readonly string[]): FuzzOptions {
  refuse(values, '--hex', OF_RUN)
  if (values.target === undefined || others.length > 0)
    throw new UsageError('--hex is of one target: it needs --target')
  if (!/^(?:[0-9a-f]{2})*$/i.test(hex)) throw new UsageError('--hex takes bytes, two hexadecimal digits each')
  return { kind: 'input', name, input: fromHex(hex) }
}

function refuse(values: Values, option: string, others: readonly (keyof Values)[]): void {
  const second = others.find((name) => values[name] !== undefined)
  if (second !== undefined) throw new UsageError(`${option} and --${second} do not go together`)
}

/** A million is easier read as 1,000,000. */
function ungrouped(text: string): string {
  return /^\d{1,3}(?:,\d{3})+$/.test(text) ? text.replaceAll(',', '') : text
}
