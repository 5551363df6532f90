// The statements of `expect`: those of `assert`, and under their names those of `json_assert`.
import {
  ASSERT_NAMES,
  assertStatementFlaw,
  evaluateAssertStatement,
  meantForm,
  type StatementFlaw,
} from './assert-statement.ts'
import { evaluateJsonAssert, JSON_ASSERT_NAMES, jsonAssertFlaw } from './json/json-assert.ts'
import type { StatementResult } from './statement-result.ts'
import type { Variables } from './variables.ts'

/** `equal` and `not_equal`, which both have, are those of `assert`. */
function judgesJson(statement: string): boolean {
  return /^\s*(?:json_equal|json_not_equal|json_subset|subset)\s*\(/i.test(statement)
}

/** The right word may be one of either language. */
export function expectationFlaw(statement: string): StatementFlaw | undefined {
  const flaw = judgesJson(statement) ? jsonAssertFlaw(statement) : assertStatementFlaw(statement)
  return flaw && { ...flaw, hint: meantForm(statement.trim(), [...ASSERT_NAMES, ...JSON_ASSERT_NAMES]) ?? flaw.hint }
}

export function evaluateExpectation(statement: string, variables: Variables): StatementResult {
  return judgesJson(statement)
    ? evaluateJsonAssert(statement, variables)
    : evaluateAssertStatement(statement, variables, { jsonWords: true })
}
