// The variables of an iteration, as far as they are known: of repeat, of the groups of parallel, of for_each.
import type { PlannedControls } from '../../plan/plan-types.ts'
import { isJsonObject, type JsonValue, keysOf } from '../../values/json/json-value.ts'
import { WALKED_ENTRIES_MAX } from '../limits.ts'
import type { LintStep } from '../source/lint-step.ts'
import type { Known, Symbols } from './symbols.ts'

export interface Scope {
  readonly symbols: Symbols
  /** What tells this iteration from others: `#2` in the second one, `#1#2` in the second of the inner one. */
  readonly where: string
}

const COUNTERS = ['iteration', 'iteration_index', 'iteration_zero_based', 'iteration_one_based']

/** Variables of an iteration: those of before, its number, and the names that `outputs` of repeat gives to others. */
export function iterationOf(step: LintStep, place: Scope, iteration: number): Scope {
  const symbols = place.symbols.scope()
  const where = `${place.where}#${iteration}`
  for (const name of COUNTERS) symbols.set(name, { symbol: `${name}@${step.planned.path}#${iteration}` })
  const outputs = step.planned.kind === 'repeat' ? step.planned.outputs : undefined
  for (const [name, source] of Object.entries(outputs ?? {})) {
    const known = typeof source === 'string' ? symbols.get(source) : undefined
    if (known !== undefined) symbols.set(name, known)
  }
  return { symbols, where }
}

/** Entries of a list that the file has are known; others are two that nothing is known of. */
export function entriesOf(forEach: NonNullable<PlannedControls['forEach']>, step: LintStep, place: Scope): Scope[] {
  const list = Array.isArray(forEach.in) ? forEach.in.slice(0, WALKED_ENTRIES_MAX) : [null, null]
  return list.map((entry, at) => {
    const symbols = place.symbols.scope()
    const where = `${place.where}#${at + 1}`
    const id = `${step.planned.path}#${at + 1}`
    const bind = (name: string, value: JsonValue) =>
      symbols.set(name, knownValue(value, `${name}@${id}`, place.symbols))
    bind(forEach.as, entry)
    if (isJsonObject(entry)) for (const key of keysOf(entry)) bind(`${forEach.as}.${key}`, entry[key] ?? null)
    return { symbols, where }
  })
}

/** A text of the file is known, and so is what another name stands for. */
export function knownValue(value: JsonValue, symbol: string, symbols: Symbols): Known {
  if (typeof value !== 'string') return { symbol }
  return { symbol, literal: symbols.text(value) }
}
