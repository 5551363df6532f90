// What `npm run sim` was asked for, or what is wrong with it: it never runs something else than that, and never nothing.
import { optionValues, UsageError, wholeNumber } from '../../scripts/command-line.ts'
import type { Era, Only } from './scenario/generate.ts'

export const HELP = `npm run sim -- [options]
  --seeds N         how many fresh seeds (default 100, or what fits into --seconds)
  --start S         the first of them (default: from GITHUB_RUN_ID or the time)
  --from-tree       the first of them is of the committed content: the same content, the same seeds
  --seed S          this seed only
  --pinned          every seed that was ever pinned, before the fresh ones
  --scenario FILE   this scenario only
  --only host|guest applications of one kind only
  --era first|single  of one seed, as it was made before: first, with other numbers of nodes and without later additions;
                    single, with one write a call
  --seconds N       begin no fresh seed after so many seconds
  --workers N       threads (default 2)
  --failures N      stop after so many failures (default 5)
  --no-shrink       leave failing scenarios as they are
  --shrink-runs N   what shrinking one may cost (default 150)
  --trace FILE      write the trace of one seed or scenario
Exit code: 0 all held, 1 a seed failed, none was run, or of 200 or more under 5 % went through something, 2 wrong options, 130 or 143 interrupted (with what was run so far).
"177 of 236 calls acknowledged": the others met a fault, as they are meant to, and were refused or got no answer, or were not
made. At least 200 writes are attempted in each fresh seed (30 of an application with its own storage).
`

export interface ManyOptions {
  readonly kind: 'many'
  readonly pinned: boolean
  readonly only: Only | undefined
  /** Of fresh ones. */
  readonly count: number
  readonly start: number | 'tree' | 'time'
  readonly secondsMax: number
  readonly workers: number
  readonly failuresMax: number
}

interface OneOptions {
  readonly trace: string | undefined
}

export interface SeedOptions extends OneOptions {
  readonly kind: 'seed'
  readonly seed: number
  readonly only: Only | undefined
  readonly era: Era | undefined
}

export interface ScenarioOptions extends OneOptions {
  readonly kind: 'scenario'
  readonly file: string
}

/** What shrinking a failure may cost; undefined: it is left as it is. */
interface Shrinking {
  readonly shrinkRuns: number | undefined
}

export type SimOptions = { readonly kind: 'help' } | (Shrinking & (ManyOptions | SeedOptions | ScenarioOptions))

const OPTIONS = {
  seeds: { type: 'string' },
  start: { type: 'string' },
  'from-tree': { type: 'boolean' },
  seed: { type: 'string' },
  pinned: { type: 'boolean' },
  scenario: { type: 'string' },
  only: { type: 'string' },
  era: { type: 'string' },
  seconds: { type: 'string' },
  workers: { type: 'string' },
  failures: { type: 'string' },
  shrink: { type: 'boolean' },
  'shrink-runs': { type: 'string' },
  trace: { type: 'string' },
  help: { type: 'boolean' },
} as const

type Values = ReturnType<typeof valuesOf>

/** Of many seeds only. */
const OF_MANY = ['seeds', 'start', 'from-tree', 'pinned', 'seconds', 'workers', 'failures'] as const

/** Throws UsageError. */
export function parseOptions(args: readonly string[]): SimOptions {
  const values = valuesOf(args)
  if (values.help) return { kind: 'help' }
  const { scenario, seed } = values
  const given = numbersOf(values)
  const runs = given('shrink-runs', 0) ?? 150
  const shrinkRuns = values.shrink === false ? undefined : runs
  const only = onlyOf(values.only)
  if (scenario !== undefined) {
    refuse(values, '--scenario', ['seed', 'only', 'era', ...OF_MANY])
    return { kind: 'scenario', file: scenario, trace: values.trace, shrinkRuns }
  }
  if (seed !== undefined) {
    refuse(values, '--seed', OF_MANY)
    const era = eraOf(values.era)
    return { kind: 'seed', seed: given('seed', 0) ?? 0, only, era, trace: values.trace, shrinkRuns }
  }
  if (values.trace !== undefined) throw new UsageError('--trace is of one run: it needs --seed or --scenario')
  if (values.era !== undefined) throw new UsageError('--era is of one run: it needs --seed')
  if (values['from-tree']) refuse(values, '--from-tree', ['start'])
  const pinned = values.pinned === true
  const secondsMax = given('seconds', pinned ? 0 : 1) ?? Number.POSITIVE_INFINITY
  return {
    kind: 'many',
    pinned,
    only,
    // None of them is a request only where there are others.
    count: given('seeds', pinned ? 0 : 1) ?? (values.seconds === undefined ? 100 : 10_000),
    start: given('start', 0) ?? (values['from-tree'] ? 'tree' : 'time'),
    secondsMax,
    workers: given('workers', 1) ?? 2,
    failuresMax: given('failures', 1) ?? 5,
    shrinkRuns,
  }
}

function valuesOf(args: readonly string[]) {
  return optionValues(args, OPTIONS, { negatable: true })
}

function numbersOf(values: Values) {
  return (name: 'seeds' | 'start' | 'seed' | 'seconds' | 'workers' | 'failures' | 'shrink-runs', least: number) => {
    const text = values[name]
    return text === undefined ? undefined : wholeNumber(name, text, least)
  }
}

function onlyOf(text: string | undefined): Only | undefined {
  if (text === undefined || text === 'host' || text === 'guest') return text
  throw new UsageError(`--only takes host or guest, not ${JSON.stringify(text)}`)
}

function eraOf(text: string | undefined): Era | undefined {
  if (text === undefined || text === 'first' || text === 'single') return text
  throw new UsageError(`--era takes first or single, not ${JSON.stringify(text)}`)
}

function refuse(values: Values, option: string, others: readonly (keyof Values)[]): void {
  const second = others.find((name) => values[name] !== undefined)
  if (second !== undefined) throw new UsageError(`${option} and --${second} do not go together`)
}
