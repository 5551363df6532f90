// `--matrix axis=value`: of files with a matrix only the combinations with these values are run.
import { InvalidArgumentError } from 'commander'
import { CommandError } from '../command-error.ts'
import type { PlannedFile } from '../workflow/plan-files.ts'

/** Axis → value, as texts. */
export type ChosenValues = Readonly<Record<string, string>>

/** For an option that may be given more than once: one value an axis. */
export function collectChosen(text: string, before: ChosenValues = {}): ChosenValues {
  const [, axis, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (axis === undefined || value === undefined) throw new InvalidArgumentError('It must be axis=value.')
  if (before[axis] !== undefined && before[axis] !== value) {
    throw new InvalidArgumentError(`It names "${axis}" twice: one value is chosen of each axis.`)
  }
  return { ...before, [axis]: value }
}

/** Files without a matrix stay whole beside others. Throws USAGE where a file has none of these, or no file has a matrix. */
export function chooseCombinations(planned: readonly PlannedFile[], chosen: ChosenValues): PlannedFile[] {
  const wanted = Object.entries(chosen)
  if (wanted.length === 0) return [...planned]
  const fits = (file: PlannedFile) =>
    file.plan?.matrix === undefined || wanted.every(([axis, value]) => textOf(file, axis) === value)
  const kept: PlannedFile[] = []
  for (const [file, combinations] of Map.groupBy(planned, ({ file }) => file)) {
    const fitting = combinations.filter(fits)
    if (fitting.length === 0) throw new CommandError('USAGE', nothingFits(file.name, combinations, chosen))
    // The problems are those of the file, and come with its first combination.
    kept.push(...fitting.map((each, at) => ({ ...each, problems: at === 0 ? (combinations[0]?.problems ?? []) : [] })))
  }
  const isPlanned = planned.every(({ plan }) => plan !== undefined)
  if (isPlanned && planned.every(({ plan }) => plan?.matrix === undefined)) {
    throw new CommandError('USAGE', '--matrix chooses of a matrix, and no file has one')
  }
  return kept
}

/** What chooses this one combination. */
export function chosenValuesOf({ plan }: Pick<PlannedFile, 'plan'>): ChosenValues | undefined {
  return plan?.matrix?.texts
}

function textOf({ plan }: PlannedFile, axis: string): string | undefined {
  const texts = plan?.matrix?.texts ?? {}
  return Object.hasOwn(texts, axis) ? texts[axis] : undefined
}

function nothingFits(file: string, combinations: readonly PlannedFile[], chosen: ChosenValues): string {
  const all = combinations.map(({ plan }) => plan?.matrix?.label).filter((label) => label !== undefined)
  const wanted = Object.entries(chosen).map(([axis, value]) => `${axis}=${value}`)
  return `no combination of ${file} has ${wanted.join(', ')}; it has:\n${all.map((label) => `  ${label}`).join('\n')}`
}
