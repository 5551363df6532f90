// The outcome of one statement of `assert` or `json_assert`: enough for a report to explain a failure by itself.

import type { JsonValue } from './json/json-value.ts'
import { SHOWN_TEXT_MAX } from './limits.ts'
import { pythonStr } from './python/python-text.ts'
import { shownText, shownValue } from './shown-value.ts'
import { ValuesError } from './values-error.ts'

export interface StatementResult {
  readonly statement: string
  readonly passed: boolean
  /** What was compared, after resolution, as JSON: "5" is a text, 5 a number. Cut at SHOWN_TEXT_MAX. */
  readonly left?: string
  readonly right?: string
  /** How: "==", "contains", "is set", … */
  readonly operator?: string
  /** Why it failed when nothing could be compared. */
  readonly reason?: string
  /** The variable in it that is not set. */
  readonly unset?: string
  /** What helps to see why it failed: where the values differ, or the texts that were compared instead of them. */
  readonly hints?: readonly string[]
}

export interface Compared {
  readonly left?: JsonValue
  readonly right?: JsonValue
  readonly operator?: string
  readonly reason?: string
  readonly hints?: readonly string[]
}

export function statementResult(statement: string, passed: boolean, compared: Compared): StatementResult {
  return {
    statement,
    passed,
    ...(compared.left === undefined ? {} : { left: shown(compared.left) }),
    ...(compared.operator === undefined ? {} : { operator: compared.operator }),
    ...(compared.right === undefined ? {} : { right: shown(compared.right) }),
    ...(compared.reason === undefined ? {} : { reason: compared.reason }),
    ...(passed || compared.hints === undefined || compared.hints.length === 0 ? {} : { hints: compared.hints }),
  }
}

/** Runs the evaluation; a ValuesError (placeholder not set, unusable pattern) is a failed statement. */
export function failedStatement(statement: string, evaluate: () => StatementResult): StatementResult {
  try {
    return evaluate()
  } catch (error) {
    if (!(error instanceof ValuesError)) throw error
    const unset = error.unset
    return { statement, passed: false, reason: error.message, ...(unset !== undefined && { unset }) }
  }
}

/** The same without anything that was compared, for what reads a secret. */
export function withoutValues({ statement, passed, unset }: StatementResult): StatementResult {
  const reason = `${passed ? 'true' : 'not true'}; what was compared is secret`
  return { statement, passed, reason, ...(unset !== undefined && { unset }) }
}

/** One line for people: `left contains right`, or the reason. */
export function explainStatement(result: StatementResult): string {
  if (result.reason !== undefined) return result.reason
  // Of one operand it reads as its opposite behind "not true".
  if (!result.passed && result.right === undefined && result.operator?.startsWith('is ') === true) {
    return `${result.left ?? ''} ${result.operator.replace(/^is /, 'is not ')}`
  }
  const right = result.right === undefined ? '' : ` ${result.right}`
  return `${result.passed ? '' : 'not true: '}${result.left ?? ''} ${result.operator ?? ''}${right}`
}

/** Where texts were compared, and one of them is not what JSON shows: `True`, `None`, `{'a': 1}`. */
export function comparedTexts(left: JsonValue, right: JsonValue): string[] {
  if ([left, right].every((value) => pythonStr(value) === shownText(value))) return []
  return [`compared as the texts ${cut(pythonStr(left))} and ${cut(pythonStr(right))}`]
}

function shown(value: JsonValue): string {
  return cut(shownValue(value))
}

function cut(text: string): string {
  return text.length <= SHOWN_TEXT_MAX ? text : `${text.slice(0, SHOWN_TEXT_MAX)}… (${text.length} characters)`
}
