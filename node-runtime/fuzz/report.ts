// What a run came to: a line for each target, a line for each decoder file that is not reached everywhere.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type Branch, branchesOf, markTaken } from './branches.ts'
import { DECODER_FILES } from './decoder-files.ts'
import type { ExecutedScript } from './executed.ts'
import { BRANCHES_PERCENT_MIN, FILE_BRANCHES_PERCENT_MIN } from './limits.ts'
import type { RoundAnswer } from './worker.ts'

const SOURCES = path.resolve(import.meta.dirname, '../src')

interface Sum {
  inputs: number
  accepted: number
  rejected: Record<string, number>
  places: number
  amplified: number
  blocksPerByte: number
  failures: number
  readonly taken: Map<string, Set<number>>
}

/** What a run of all targets must reach, and what stood in its way. */
export interface Asked {
  readonly inputs: number
  /** So many inputs measure as many of each target as are to be measured. */
  readonly inputsToMeasure: number
  /** It was ended before it was done. */
  readonly isCut: boolean
}

/** What was reached of the branches. */
export interface Reached {
  /** Of all together. */
  readonly percent: number
  /** Decoder files of which less was reached than of each must be. */
  readonly low: readonly string[]
}

/** `reached`: undefined where nothing was measured. `asked`: undefined where only some of the targets ran. */
export function branchesText(reached: Reached | undefined, asked: Asked | undefined): string {
  if (reached === undefined) return 'branches of the decoders: not measured, as only the first round of a target is'
  const text = `branches of the decoders reached: ${reached.percent.toFixed(1)} %`
  if (asked === undefined) return text
  const least = `at least ${BRANCHES_PERCENT_MIN} are asked for, and ${FILE_BRANCHES_PERCENT_MIN} of each file`
  if (isReached(reached)) return `${text}, ${least}`
  const { inputs, inputsToMeasure, isCut } = asked
  const low = reached.low.length === 0 ? '' : ` (fewer of ${reached.low.join(', ')})`
  const failed = `${text}: FAILED, ${least}${low}`
  if (isCut) return `${failed}; it was cut short`
  const few = tooFewText({ inputs, inputsToMeasure })
  return few === undefined ? failed : `${failed}; ${few}`
}

/** Known before anything has run. Undefined: they are enough. */
export function tooFewText({ inputs, inputsToMeasure }: Pick<Asked, 'inputs' | 'inputsToMeasure'>): string | undefined {
  if (inputs >= inputsToMeasure) return undefined
  return `${inputs} inputs are too few to measure enough of each target: it takes --inputs ${inputsToMeasure}`
}

export function isReached(reached: Reached | undefined): boolean {
  return reached !== undefined && reached.percent >= BRANCHES_PERCENT_MIN && reached.low.length === 0
}

export class Report {
  readonly #branches = new Map<string, Branch[]>()
  readonly #taken = new Map<string, Set<number>>()
  readonly #targets = new Map<string, Sum>()

  constructor() {
    for (const [file, counted] of Object.entries(DECODER_FILES)) {
      const source = readFileSync(path.join(SOURCES, file), 'utf8')
      this.#branches.set(file, branchesOf(file, source, counted))
      this.#taken.set(file, new Set())
    }
  }

  add({ report, executed, amplified }: RoundAnswer): void {
    const sum = this.#sumOf(report.target)
    sum.inputs += report.inputs
    sum.accepted += report.accepted
    for (const [code, count] of Object.entries(report.rejected)) sum.rejected[code] = (sum.rejected[code] ?? 0) + count
    sum.places = Math.max(sum.places, report.places)
    sum.failures += report.failures.length + (amplified?.failures.length ?? 0)
    sum.amplified += amplified?.inputs ?? 0
    sum.blocksPerByte = Math.max(sum.blocksPerByte, amplified?.blocksPerByte ?? 0)
    for (const script of executed) this.#mark(script, sum)
  }

  get inputs(): number {
    return [...this.#targets.values()].reduce((total, sum) => total + sum.inputs, 0)
  }

  /** Undefined where nothing was measured. */
  get reached(): Reached | undefined {
    const all = [...this.#branches.values()].reduce((total, branches) => total + branches.length, 0)
    const taken = [...this.#taken.values()].reduce((total, set) => total + set.size, 0)
    if (taken === 0) return undefined
    return { percent: (100 * taken) / all, low: this.#below(FILE_BRANCHES_PERCENT_MIN).map(({ file }) => file) }
  }

  /** Files below `percent`, worst first, with the lines that nothing reached. */
  filesBelow(percent: number): string[] {
    return this.#below(percent).map(({ file, branches, taken }) => {
      const open = branches.flatMap(({ line, what }, index) => (taken.has(index) ? [] : [`${line} ${what}`]))
      return `${file}: ${taken.size} of ${branches.length}; not ${open.join(', ')}`
    })
  }

  #below(percent: number): { file: string; branches: readonly Branch[]; taken: ReadonlySet<number> }[] {
    return [...this.#branches]
      .map(([file, branches]) => ({ file, branches, taken: this.#taken.get(file) ?? new Set<number>() }))
      .filter(({ branches, taken }) => branches.length > 0 && (100 * taken.size) / branches.length < percent)
      .sort((a, b) => a.taken.size / a.branches.length - b.taken.size / b.branches.length)
  }

  text(): string {
    const head = ['target', 'inputs', 'accepted', 'places', 'branches', 'blocks/byte', 'refused with']
    const rows = [...this.#targets].map(([name, sum]) => [
      name,
      String(sum.inputs),
      String(sum.accepted),
      String(sum.places),
      this.#percentOf(sum),
      sum.amplified === 0 ? '' : sum.blocksPerByte.toFixed(1),
      Object.entries(sum.rejected)
        .sort(([, a], [, b]) => b - a)
        .map(([code, count]) => `${code} ${count}`)
        .join(', '),
    ])
    const widths = head.map((title, at) => Math.max(...[head, ...rows].map((row) => (row[at] ?? title).length)))
    const line = (row: readonly string[]) =>
      row
        .map((cell, at) => (at === 0 || at === 6 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join('  ')
    return [head, ...rows].map((row) => line(row).trimEnd()).join('\n')
  }

  /** Of the decoder files that the target runs in at all: what it alone reached of them. */
  #percentOf({ taken }: Sum): string {
    let all = 0
    let reached = 0
    for (const [file, set] of taken) {
      if (set.size === 0) continue
      all += this.#branches.get(file)?.length ?? 0
      reached += set.size
    }
    return all === 0 ? '' : `${((100 * reached) / all).toFixed(0)} %`
  }

  #mark(script: ExecutedScript, sum: Sum): void {
    const file = path.relative(SOURCES, new URL(script.url).pathname)
    const branches = this.#branches.get(file)
    if (branches === undefined) return
    const own = sum.taken.get(file) ?? new Set<number>()
    sum.taken.set(file, own)
    markTaken(branches, script, own)
    for (const index of own) this.#taken.get(file)?.add(index)
  }

  #sumOf(target: string): Sum {
    const known = this.#targets.get(target)
    if (known !== undefined) return known
    const fresh: Sum = {
      inputs: 0,
      accepted: 0,
      rejected: {},
      places: 0,
      amplified: 0,
      blocksPerByte: 0,
      failures: 0,
      taken: new Map(),
    }
    this.#targets.set(target, fresh)
    return fresh
  }
}
