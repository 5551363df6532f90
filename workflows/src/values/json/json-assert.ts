// The statement language of the `json_assert` step (reference 4.2): equality and subset of JSON-like values.

import { meantForm, type StatementFlaw } from '../assert-statement.ts'
import { resolve } from '../placeholders.ts'
import { pythonEqual } from '../python/python-equal.ts'
import { pythonStrip } from '../python/python-number.ts'
import { failedStatement, type StatementResult, statementResult } from '../statement-result.ts'
import type { Variables } from '../variables.ts'
import { type Comparison, jsonDifferences } from './json-difference.ts'
import { hasKey, isJsonObject, type JsonValue, keysOf } from './json-value.ts'
import { tryParseLosslessJson } from './lossless-json.ts'

interface Form {
  readonly operator: string
  readonly holds: (left: JsonValue, right: JsonValue) => boolean
  /** For the places where the operands differ. */
  readonly comparison?: Comparison
}

const EQUAL: Form = { operator: 'equals', holds: pythonEqual, comparison: 'equal' }
const NOT_EQUAL: Form = { operator: 'differs from', holds: (left, right) => !pythonEqual(left, right) }
const SUBSET: Form = { operator: 'includes', holds: includesSubset, comparison: 'subset' }

const FORMS: ReadonlyMap<string, Form> = new Map([
  ['json_equal', EQUAL],
  ['equal', EQUAL],
  ['json_not_equal', NOT_EQUAL],
  ['not_equal', NOT_EQUAL],
  ['json_subset', SUBSET],
  ['subset', SUBSET],
])

export const JSON_ASSERT_NAMES: readonly string[] = [...FORMS.keys()]

/** Never throws: a placeholder that is not set, or a statement of no known form, is a failed statement with a reason. */
export function evaluateJsonAssert(statement: string, variables: Variables): StatementResult {
  return failedStatement(statement, () => evaluate(pythonStrip(statement), variables))
}

/** What is wrong with a statement whatever its variables are. */
export function jsonAssertFlaw(statement: string): StatementFlaw | undefined {
  const text = pythonStrip(statement)
  const call = /^(\w+)\((.*)\)$/s.exec(text)
  if (!FORMS.has(call?.[1]?.toLowerCase() ?? '')) {
    const known = [...FORMS.keys()].map((name) => `${name}(A, B)`).join(', ')
    const [, left, operator = '', right] = /^(.+?)\s(==|!=)\s(.+)$/s.exec(text) ?? []
    const form = operator === '==' ? 'json_equal' : 'json_not_equal'
    const hint =
      operator === ''
        ? meantForm(text, [...FORMS.keys()])
        : `write ${form}(${left}, ${right}), or make it a statement of assert`
    return { message: `not a statement of json_assert; write one of ${known}`, hint }
  }
  return splitOperands(call?.[2] ?? '').length === 2 ? undefined : { message: 'two operands are needed, found one' }
}

function evaluate(text: string, variables: Variables): StatementResult {
  const call = /^(\w+)\((.*)\)$/s.exec(text)
  const form = FORMS.get(call?.[1]?.toLowerCase() ?? '')
  if (form === undefined) {
    const known = [...FORMS.keys()].map((name) => `${name}(A, B)`).join(', ')
    return statementResult(text, false, { reason: `not a statement this step knows; write one of ${known}` })
  }
  const [first, second] = splitOperands(call?.[2] ?? '')
  if (first === undefined || second === undefined) {
    return statementResult(text, false, { reason: 'two operands are needed, found one' })
  }
  const left = normalised(resolve(first, variables, { strict: true }))
  const right = normalised(resolve(second, variables, { strict: true }))
  const passed = form.holds(left, right)
  const hints = passed || form.comparison === undefined ? [] : jsonDifferences(left, right, form.comparison)
  return statementResult(text, passed, { left, operator: form.operator, right, hints })
}

/** At the first comma outside brackets and double quotes; single quotes protect nothing. */
function splitOperands(inside: string): string[] {
  let depth = 0
  let quoted = false
  for (let at = 0; at < inside.length; at += 1) {
    const sign = inside[at] ?? ''
    if (sign === '\\') at += 1
    else if (sign === '"') quoted = !quoted
    else if (quoted) continue
    else if (sign === '{' || sign === '[') depth += 1
    else if (sign === '}' || sign === ']') depth -= 1
    else if (sign === ',' && depth === 0) return [pythonStrip(inside.slice(0, at)), pythonStrip(inside.slice(at + 1))]
  }
  return [pythonStrip(inside)]
}

/** A text that is JSON stands for its value; any other text for itself. */
function normalised(value: JsonValue): JsonValue {
  if (typeof value !== 'string') return value
  const parsed = tryParseLosslessJson(value, { nonFinite: true })
  return parsed === undefined ? value : parsed
}

/** Maps recursively by key; a list includes each element as a whole, in any place; anything else must be equal. */
function includesSubset(left: JsonValue, right: JsonValue): boolean {
  if (isJsonObject(left) && isJsonObject(right)) {
    return keysOf(right).every((key) => hasKey(left, key) && includesSubset(left[key] ?? null, right[key] ?? null))
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    return right.every((wanted) => left.some((item) => pythonEqual(item, wanted)))
  }
  return pythonEqual(left, right)
}
