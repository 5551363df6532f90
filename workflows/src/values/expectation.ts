// The statements of `expect`: those of `assert`, and under their names those of `json_assert`.
import { evaluateAssertStatement } from './assert-statement.ts'
import { evaluateJsonAssert } from './json/json-assert.ts'
import type { StatementResult } from './statement-result.ts'
import type { Variables } from './variables.ts'

/** `equal` and `not_equal`, which both have, are those of `assert`. */
export function judgesJson(statement: string): boolean {
  return /^\s*(?:json_equal|json_not_equal|json_subset|subset)\s*\(/i.test(statement)
}

export function evaluateExpectation(statement: string, variables: Variables): StatementResult {
  return judgesJson(statement)
    ? evaluateJsonAssert(statement, variables)
    : evaluateAssertStatement(statement, variables)
}
