// The statement language of the `assert` step (reference 4.1). Comparisons are made on Python texts and floats, because
// that is what the files were written against.

import { nearest } from '../plan/did-you-mean.ts'
import { isJsonObject, type JsonValue, keysOf } from './json/json-value.ts'
import { hasPlaceholder, resolve } from './placeholders.ts'
import { pythonEqual } from './python/python-equal.ts'
import { pythonFloat, pythonStrip } from './python/python-number.ts'
import { pythonRegex } from './python/python-regex.ts'
import { pythonSearch } from './python/python-search.ts'
import { pythonStr } from './python/python-text.ts'
import { comparedTexts, failedStatement, type StatementResult, statementResult } from './statement-result.ts'
import { ValuesError } from './values-error.ts'
import { Variables } from './variables.ts'

/** Never throws: a placeholder that is not set, or a statement of no known form, is a failed statement with a reason. */
export function evaluateAssertStatement(
  statement: string,
  variables: Variables,
  options: AssertOptions = {},
): StatementResult {
  return failedStatement(statement, () => evaluate(pythonStrip(statement), variables, options))
}

export interface AssertOptions {
  /**
   * `true`, `false` and `null` in the statement are that where a truth value or nothing is compared with them for equality.
   * Of `if` and `expect`: in `assert` files count on the words of Python, and these are texts.
   */
  readonly jsonWords?: boolean
}

/** What is wrong with a statement whatever its variables are: it can never hold. */
export interface StatementFlaw {
  readonly message: string
  /** Another engine may take it. */
  readonly maybe?: boolean
  /** What to write. */
  readonly hint?: string | undefined
}

export function assertStatementFlaw(statement: string): StatementFlaw | undefined {
  const text = pythonStrip(statement)
  const call = /^(\w+)\((.*)\)$/s.exec(text)
  const name = call?.[1]?.toLowerCase() ?? ''
  if (!FORMS.has(name)) {
    if (/\s(==|!=|>=|<=|>|<)\s/.test(text)) return undefined
    const equals = text.replace(/^([^\s(),]+)\s+=\s+([^\s(),]+)$/, '$1==$2')
    const spaced = /^([^\s(),]+)(==|!=|>=|<=|>|<)([^\s(),]+)$/.exec(equals)?.slice(1).join(' ')
    if (/^(?:json_equal|json_not_equal|json_subset|subset)$/.test(name)) {
      return {
        message: `not a statement of assert; write one of ${KNOWN}`,
        hint: `${name} is of json_assert: type: json_assert`,
      }
    }
    const hint = spaced === undefined ? meantForm(text, [...FORMS.keys()]) : `write ${spaced}`
    return { message: `not a statement of assert; write one of ${KNOWN}`, hint }
  }
  if (name.startsWith('is_')) return undefined
  const parts = (name.includes('equal') ? splitOnce : splitEverywhere)(call?.[2] ?? '')
  if (parts.length !== 2) {
    return {
      message: `${name} needs two operands, found ${parts.length}; it is split at every comma, also inside quotes`,
    }
  }
  const pattern = pythonStrip(parts[1] ?? '')
  return name === 'regex' && !hasPlaceholder(pattern) ? patternFlaw(pattern) : undefined
}

/** For a name that is nearly one of these, and a parenthesis that is never closed. */
export function meantForm(text: string, names: readonly string[]): string | undefined {
  const [, name = '', rest = ''] = /^([\w-]+)\((.*)$/s.exec(text) ?? []
  if (name === '') return undefined
  const meant = names.includes(name.toLowerCase()) ? name : nearest(name, names)
  if (meant === undefined) return undefined
  return rest.endsWith(')')
    ? `did you mean "${meant}"?`
    : `did you mean ${JSON.stringify(`${meant}(${rest})`)}? The ")" is missing`
}

function patternFlaw(pattern: string): StatementFlaw | undefined {
  try {
    pythonRegex(pythonStr(resolve(pattern, new Variables())))
    return undefined
  } catch (error) {
    if (!(error instanceof ValuesError)) throw error
    return { message: error.message, maybe: error.code === 'regex_unsupported' }
  }
}

interface Evaluate {
  one: (text: string) => JsonValue
  /** Of what compares for equality. */
  pair: (left: string, right: string) => readonly [JsonValue, JsonValue]
}

function evaluate(text: string, variables: Variables, { jsonWords }: AssertOptions): StatementResult {
  const one = (part: string) => resolve(pythonStrip(part), variables, { strict: true })
  const pair = (first: string, second: string) => {
    const left = one(first)
    const right = one(second)
    return jsonWords === true
      ? ([wordOf(first, left, right), wordOf(second, right, left)] as const)
      : ([left, right] as const)
  }
  const operand: Evaluate = { one, pair }
  const call = /^(\w+)\((.*)\)$/s.exec(text)
  const form = call?.[1] === undefined ? undefined : FORMS.get(call[1].toLowerCase())
  if (form !== undefined) return form(text, call?.[2] ?? '', operand)
  const operator = /\s(==|!=|>=|<=|>|<)\s/.exec(text)
  if (operator?.[1] === undefined) {
    return statementResult(text, false, { reason: `not a statement this step knows; write one of ${KNOWN}` })
  }
  const [left, right] = pair(text.slice(0, operator.index), text.slice(operator.index + operator[0].length))
  const asNumbers = pythonFloat(left) !== undefined && pythonFloat(right) !== undefined
  const hints = asNumbers ? [] : comparedTexts(left, right)
  return statementResult(text, compares(left, operator[1], right), { left, operator: operator[1], right, hints })
}

const JSON_WORDS: ReadonlyMap<string, JsonValue> = new Map<string, JsonValue>([
  ['true', true],
  ['false', false],
  ['null', null],
])

function wordOf(part: string, value: JsonValue, other: JsonValue): JsonValue {
  if (typeof other !== 'boolean' && other !== null) return value
  const word = JSON_WORDS.get(pythonStrip(part))
  return word === undefined ? value : word
}

const KNOWN =
  'A == B (also != >= <= > <, with a space on both sides), equal(A, B), not_equal(A, B), contains(A, B), not_contains(A, B), regex(A, P), is_set(A), is_empty(A)'

type Form = (text: string, inside: string, operand: Evaluate) => StatementResult

const FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['is_set', oneOperand('is set', (value) => !isNothing(value))],
  ['is_empty', oneOperand('is empty', (value) => isNothing(value) || EMPTY_TEXTS.has(value))],
  ['contains', twoOperands('contains', (left, right) => pythonStr(left).includes(pythonStr(right)), splitEverywhere)],
  ['not_contains', twoOperands('lacks', (left, right) => !pythonStr(left).includes(pythonStr(right)), splitEverywhere)],
  [
    'regex',
    twoOperands(
      'matches',
      (left, right) => pythonSearch(pythonStr(right), [pythonStr(left)]).includes(true),
      splitEverywhere,
    ),
  ],
  ['equal', twoOperands('equals', pythonEqual, splitOnce)],
  ['equals', twoOperands('equals', pythonEqual, splitOnce)],
  ['not_equal', twoOperands('differs from', (left, right) => !pythonEqual(left, right), splitOnce)],
  ['not_equals', twoOperands('differs from', (left, right) => !pythonEqual(left, right), splitOnce)],
])

export const ASSERT_NAMES: readonly string[] = [...FORMS.keys()]

const EMPTY_TEXTS: ReadonlySet<JsonValue> = new Set(["''", '""', '[]', '{}'])

function oneOperand(operator: string, holds: (value: JsonValue) => boolean): Form {
  return (text, inside, operand) => {
    const left = operand.one(inside)
    return statementResult(text, holds(left), { left, operator })
  }
}

function twoOperands(
  operator: string,
  holds: (left: JsonValue, right: JsonValue) => boolean,
  split: (inside: string) => string[],
): Form {
  return (text, inside, operand) => {
    const parts = split(inside)
    const [first, second] = parts
    if (first === undefined || second === undefined || parts.length !== 2) {
      const reason = `two operands are needed, found ${parts.length} (this form is split at every comma, also inside quotes)`
      return statementResult(text, false, { reason: parts.length > 2 ? reason : 'two operands are needed, found one' })
    }
    // The forms that are split everywhere are those that look into texts.
    const isOfTexts = split === splitEverywhere
    const [left, right] = isOfTexts ? [operand.one(first), operand.one(second)] : operand.pair(first, second)
    const hints = isOfTexts ? comparedTexts(left, right) : []
    return statementResult(text, holds(left, right), { left, operator, right, hints })
  }
}

function splitEverywhere(inside: string): string[] {
  return inside.split(',')
}

function splitOnce(inside: string): string[] {
  const comma = inside.indexOf(',')
  return comma < 0 ? [inside] : [inside.slice(0, comma), inside.slice(comma + 1)]
}

function isNothing(value: JsonValue): boolean {
  if (value === null || value === '') return true
  return Array.isArray(value) ? value.length === 0 : isJsonObject(value) && keysOf(value).length === 0
}

/** As numbers where both sides convert, else as texts in the order of their code points. */
function compares(left: JsonValue, operator: string, right: JsonValue): boolean {
  const a = pythonFloat(left)
  const b = pythonFloat(right)
  if (a !== undefined && b !== undefined) return holdsFor(operator, a === b, a < b, a > b)
  const order = compareTexts(pythonStr(left), pythonStr(right))
  return holdsFor(operator, order === 0, order < 0, order > 0)
}

function holdsFor(operator: string, same: boolean, less: boolean, more: boolean): boolean {
  switch (operator) {
    case '==':
      return same
    case '!=':
      return !same
    case '>=':
      return same || more
    case '<=':
      return same || less
    default:
      return operator === '>' ? more : less
  }
}

function compareTexts(left: string, right: string): number {
  const a = [...left]
  const b = [...right]
  for (let index = 0; index < a.length && index < b.length; index += 1) {
    const difference = (a[index]?.codePointAt(0) ?? 0) - (b[index]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
