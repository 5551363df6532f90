// Which variables the steps of a file name: in placeholders, and where a name stands without braces.

import { outputSources } from '../../values/capture-outputs.ts'
import { isJsonObject, type JsonValue, keysOf } from '../../values/json/json-value.ts'
import { placeholderNames } from '../order/symbols.ts'
import type { LintStep } from './lint-step.ts'
import type { LintSubject } from './lint-subject.ts'

/** Steps in which a name of `outputs` reads another variable. */
const RENAMING: ReadonlySet<string> = new Set(['repeat', 'parallel'])

export function usedVariables(subject: LintSubject): ReadonlySet<string> {
  const used = new Set<string>()
  for (const step of subject.all) {
    const { kind, outputs, branches, position: _, fieldPositions: __, ...texts } = step.planned
    addNames(texts, used)
    for (const { defaults } of branches) addNames(defaults, used)
    if (outputs === undefined) continue
    if (RENAMING.has(kind)) for (const [, source] of outputSources(outputs)) used.add(source)
  }
  return used
}

function addNames(value: unknown, used: Set<string>): void {
  if (typeof value === 'string') for (const name of placeholderNames(value)) used.add(name)
  else if (Array.isArray(value)) for (const item of value) addNames(item, used)
  else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) addNames(item, used)
}

/** A program that the step runs sees every variable, or none is known to be unseen. */
export function mayUseAnything(step: LintStep): boolean {
  return step.planned.kind === 'script' || step.kind === undefined
}

export interface Capture {
  readonly name: string
  /** Key in `outputs`. */
  readonly key: string
  /** Path or field in the reply. */
  readonly source: string
  /** `var: path`, the short form: texts in it are read as JSON. */
  readonly isShort: boolean
}

export function capturesOf(step: LintStep): Capture[] {
  const { outputs, input } = step.planned
  if (outputs === undefined) return []
  const node = typeof input.node === 'string' ? input.node : ''
  return keysOf(outputs).map((key) => {
    const form: JsonValue = outputs[key] ?? null
    if (!isJsonObject(form)) return { name: key, key, source: String(form), isShort: true }
    const target = typeof form.target === 'string' ? form.target.replaceAll('{node_name}', node) : key
    return { name: target, key, source: String(form.field ?? ''), isShort: false }
  })
}
