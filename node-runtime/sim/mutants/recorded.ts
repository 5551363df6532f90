// What hunts have found, as a file that is kept: which seed caught which bug.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { UsageError } from '../../../scripts/command-line.ts'
import { MUTANTS } from './all.ts'
import type { Hunt } from './hunt.ts'
import type { Mutant } from './mutant.ts'

/** The one that is committed. */
export const RESULT_FILE = path.join(import.meta.dirname, 'result.json')

/** What is the same for everyone who runs it, but for the CPU. */
interface Recorded extends Pick<Mutant, 'name' | 'file' | 'breaks' | 'chosenFrom'> {
  readonly seeds: number
  /** Null: missed. */
  readonly caughtBy: number | null
  readonly checkers: readonly string[]
  readonly cpuSeconds: number
}

/** Of no file or an empty one: nothing. Throws UsageError where it is another's. */
export function readRecorded(file: string): Recorded[] {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  if (text === '') return []
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new UsageError(`${file} is no result of hunts: ${String(cause)}`, { cause })
  }
  const isOurs = (each: unknown): each is Recorded =>
    typeof each === 'object' && each !== null && 'name' in each && 'caughtBy' in each
  if (Array.isArray(value) && value.every(isOurs)) return value
  throw new UsageError(`${file} is no result of hunts`)
}

/** Before the first of them, which may take long: a file that says that there is none. Throws UsageError. */
export function begin(out: string): void {
  if (readRecorded(out).length === 0) writeFileSync(out, '[]\n')
}

/** In the order of the list of bugs, without what is not in it any more. */
export function keep(out: string, { name, file, breaks, chosenFrom }: Mutant, hunt: Hunt): void {
  const { seeds, caughtBy = null, checkers } = hunt
  const cpuSeconds = Math.round(hunt.cpuSeconds)
  const result: Recorded = { name, file, breaks, chosenFrom, seeds, caughtBy, checkers, cpuSeconds }
  const all = new Map([...readRecorded(out), result].map((each) => [each.name, each]))
  const kept = MUTANTS.flatMap((mutant) => all.get(mutant.name) ?? [])
  writeFileSync(out, `${JSON.stringify(kept, undefined, 1)}\n`)
}
