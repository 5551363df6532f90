// The outcome of one statement of `assert` or `json_assert`: enough for a report to explain a failure by itself.

import type { JsonValue } from './json-value.ts'
import { SHOWN_TEXT_MAX } from './limits.ts'
import { pythonRepr } from './python-text.ts'
import { ValuesError } from './values-error.ts'

export interface StatementResult {
  readonly statement: string
  readonly passed: boolean
  /** What was compared, after resolution, as Python prints it: '5' is a text, 5 a number. Cut at SHOWN_TEXT_MAX. */
  readonly left?: string
  readonly right?: string
  /** How: "==", "contains", "is set", … */
  readonly operator?: string
  /** Why it failed when nothing could be compared. */
  readonly reason?: string
}

export interface Compared {
  readonly left?: JsonValue
  readonly right?: JsonValue
  readonly operator?: string
  readonly reason?: string
}

export function statementResult(statement: string, passed: boolean, compared: Compared): StatementResult {
  return {
    statement,
    passed,
    ...(compared.left === undefined ? {} : { left: shown(compared.left) }),
    ...(compared.operator === undefined ? {} : { operator: compared.operator }),
    ...(compared.right === undefined ? {} : { right: shown(compared.right) }),
    ...(compared.reason === undefined ? {} : { reason: compared.reason }),
  }
}

/** Runs the evaluation; a ValuesError (placeholder not set, unusable pattern) is a failed statement. */
export function failedStatement(statement: string, evaluate: () => StatementResult): StatementResult {
  try {
    return evaluate()
  } catch (error) {
    if (error instanceof ValuesError) return { statement, passed: false, reason: error.message }
    throw error
  }
}

/** One line for people: `left contains right`, or the reason. */
export function explainStatement(result: StatementResult): string {
  if (result.reason !== undefined) return result.reason
  const right = result.right === undefined ? '' : ` ${result.right}`
  return `${result.passed ? '' : 'not true: '}${result.left ?? ''} ${result.operator ?? ''}${right}`
}

function shown(value: JsonValue): string {
  const text = pythonRepr(value)
  return text.length <= SHOWN_TEXT_MAX ? text : `${text.slice(0, SHOWN_TEXT_MAX)}… (${text.length} characters)`
}
