// `expect` of a step: what its reply must be.
import { judgeAll } from '../../steps/check/statements.ts'
import { StepError } from '../../steps/step-error.ts'
import type { StepResult } from '../../steps/step-kind.ts'
import { isErrorReport, lookUpPath, unwrapData } from '../../values/capture-outputs.ts'
import { evaluateExpectation } from '../../values/expectation.ts'
import { jsonDifferences } from '../../values/json/json-difference.ts'
import { hasKey, isJsonObject, type JsonObject, type JsonValue, keysOf } from '../../values/json/json-value.ts'
import { resolve } from '../../values/placeholders.ts'
import { pythonEqual } from '../../values/python/python-equal.ts'
import { shortened } from '../../values/shortened.ts'
import { shownText } from '../../values/shown-value.ts'
import { failedStatement, type StatementResult, statementResult } from '../../values/statement-result.ts'
import type { Variables } from '../../values/variables.ts'
import { SHOWN_REPLY_MAX_CHARS } from '../limits.ts'
import type { StepScope } from '../steps/step-scope.ts'

/** The result with what was judged; StepError `assertion` where something does not hold. */
export function judgeExpectation(expect: JsonValue, result: StepResult, scope: StepScope): StepResult {
  if (result.payload === undefined) {
    throw new StepError('invalid', '"expect" has nothing to look at: the step gave no reply', { field: 'expect' })
  }
  const reply = isErrorReport(result.payload) ? result.payload : unwrapData(result.payload)
  const variables = withReply(scope.variables, reply)
  const verdict = isJsonObject(expect)
    ? judgeAll(
        keysOf(expect),
        voiceOf(scope, (path) => expect[path] ?? null),
        (path) => atPath(reply, path, expect[path] ?? null, scope.variables),
      )
    : judgeAll(
        Array.isArray(expect) ? expect : [expect],
        voiceOf(scope, (text) => text),
        (text) => evaluateExpectation(text, variables),
      )
  const judged = [...(result.judged ?? []), ...verdict.judged]
  if (verdict.message === undefined) return { ...result, judged }
  const message = `the reply is not as expected: ${verdict.message}${shownReply(reply, scope)}`
  throw new StepError('assertion', message, {
    field: Array.isArray(expect) ? `expect[${verdict.failedAt}]` : 'expect',
    node: result.node ?? scope.nodeName,
    comparisons: verdict.comparisons,
    unset: verdict.unset,
    judged,
  })
}

/** Nothing of a secret reply is shown, and nothing that is compared with a secret. */
function voiceOf(scope: StepScope, comparedBy: (statement: string) => JsonValue) {
  return {
    text: (value: JsonValue) => scope.text(value),
    hides: (value: JsonValue) => scope.isSecret || scope.hides(typeof value === 'string' ? comparedBy(value) : value),
  }
}

function shownReply(reply: JsonValue, scope: StepScope): string {
  return scope.isSecret ? '' : `\n  the reply: ${shortened(shownText(reply), SHOWN_REPLY_MAX_CHARS)}`
}

/** A name that the reply does not have is not that of a variable of the file either: it would be another value. */
function withReply(variables: Variables, reply: JsonValue): Variables {
  const own = variables.scope({ reply })
  const result = fieldOf(reply, 'result')
  for (const [name, value] of [
    ['result', result],
    ['output', result === undefined ? undefined : fieldOf(result, 'output')],
  ] as const) {
    if (value === undefined) own.delete(name)
    else own.set(name, value)
  }
  return own
}

function fieldOf(value: JsonValue, name: string): JsonValue | undefined {
  return isJsonObject(value) && hasKey(value, name) ? (value as JsonObject)[name] : undefined
}

/** Texts of the expected value are resolved, everywhere in it; a null must be there. */
function atPath(reply: JsonValue, path: string, wanted: JsonValue, variables: Variables): StatementResult {
  return failedStatement(path, () => {
    const right = resolve(wanted, variables, { strict: true })
    const left = lookUpPath(reply, path)
    if (left === undefined)
      return { statement: path, passed: false, reason: `there is nothing; ${shownText(right)} was expected` }
    const hints = jsonDifferences(left, right, 'equal')
    return statementResult(path, pythonEqual(left, right), { left, operator: 'equals', right, hints })
  })
}
