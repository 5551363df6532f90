// What `assert` and `json_assert` share: a list of statements, all evaluated, each failure explained.
import { Type } from '@calbox/schemas'
import type { StepProblem } from '../../plan/check/step-schema.ts'
import type { FailedComparison } from '../../run/events.ts'
import type { StatementFlaw } from '../../values/assert-statement.ts'
import type { JsonObject, JsonValue } from '../../values/json/json-value.ts'
import { isJsonObject } from '../../values/json/json-value.ts'
import { explainStatement, type StatementResult, withoutValues } from '../../values/statement-result.ts'
import type { Variables } from '../../values/variables.ts'
import { closed, unknownKeys } from '../fields.ts'
import { StepError } from '../step-error.ts'
import type { JudgedStatement, StepContext, StepResult } from '../step-kind.ts'

const statement = Type.Object(
  {
    statement: Type.String({ minLength: 1 }),
    message: Type.Optional(Type.String({ description: 'Shown instead of the statement.' })),
  },
  // Other keys are passed over by the original, with a warning here.
  { additionalProperties: true },
)

export const statementsSchema = Type.Object(
  {
    statements: Type.Array(Type.Union([Type.String({ minLength: 1 }), statement]), {
      minItems: 1,
      description: 'Texts, or maps with statement and message. All are evaluated.',
    }),
    non_blocking: Type.Optional(Type.Boolean({ default: false, description: 'Report failures, and pass.' })),
  },
  closed,
)

/** Statements that cannot hold, found without running anything. Warnings: the original finds them when the step is reached. */
export function checkStatements(
  input: JsonObject,
  flawOf: (statement: string) => StatementFlaw | undefined,
): StepProblem[] {
  const given = Array.isArray(input.statements) ? input.statements : []
  const unknown = given.flatMap((item, at) => unknownKeys(item, ['statement', 'message'], ['statements', at]))
  const flaws = given.flatMap((item, at): StepProblem[] => {
    const text = isJsonObject(item) ? item.statement : item
    const flaw = typeof text === 'string' ? flawOf(text) : undefined
    if (flaw === undefined) return []
    const message = `this statement can never be true: ${flaw.message}`
    return [
      { path: ['statements', at], message, severity: 'warning', ...(flaw.hint !== undefined && { hint: flaw.hint }) },
    ]
  })
  return [...unknown, ...flaws]
}

interface Judged {
  readonly result: StatementResult
  readonly message: string | undefined
}

/** What became of a list of statements. */
export interface Verdict {
  readonly judged: readonly JudgedStatement[]
  /** Why not all hold, and what was compared. */
  readonly message?: string
  readonly comparisons?: readonly FailedComparison[]
  /** Which one was the first, from 0. */
  readonly failedAt?: number
  /** Variables in them that are not set. */
  readonly unset?: readonly string[]
}

/** `given`: texts, or maps with `statement` and `message`. All are judged. */
export function judgeAll(
  given: readonly JsonValue[],
  context: Pick<StepContext, 'text' | 'hides'>,
  evaluate: (statement: string) => StatementResult,
): Verdict {
  const all = given.map((item) => judge(item, context, evaluate))
  const judged = all.map(({ result, message }) => ({ passed: result.passed, label: message ?? result.statement }))
  const failed = all.filter(({ result }) => !result.passed)
  if (failed.length === 0) return { judged }
  const head =
    all.length === 1 ? 'the statement does not hold' : `${failed.length} of ${all.length} statements do not hold`
  return {
    judged,
    message: [`${head}:`, ...failed.flatMap(explain)].join('\n'),
    comparisons: failed.map(comparisonOf),
    failedAt: all.findIndex(({ result }) => !result.passed),
    unset: failed.flatMap(({ result }) => result.unset ?? []),
  }
}

export function judgeStatements(
  context: StepContext,
  evaluate: (statement: string, variables: Variables) => StatementResult,
): StepResult {
  const given = context.step.input.statements
  const items = Array.isArray(given) ? given : []
  const { judged, message, comparisons, failedAt, unset } = judgeAll(items, context, (text) =>
    evaluate(text, context.variables),
  )
  const count = judged.length === 1 ? '1 statement' : `${judged.length} statements`
  if (message === undefined) return { judged, summary: `${count} true` }
  if (context.step.input.non_blocking !== true) {
    throw new StepError('assertion', message, { comparisons, judged, unset, field: `statements[${failedAt}]` })
  }
  context.note('warning', message)
  return { judged, summary: `${comparisons?.length ?? 0} of ${count} not true (non_blocking)` }
}

function judge(
  item: JsonValue,
  context: Pick<StepContext, 'text' | 'hides'>,
  evaluate: (statement: string) => StatementResult,
): Judged {
  const given = isJsonObject(item) ? item.statement : item
  const text = typeof given === 'string' ? given : ''
  const label = isJsonObject(item) && typeof item.message === 'string' ? item.message : undefined
  const message = label === undefined || context.hides(label) ? label : context.text(label)
  const result = evaluate(text)
  return { result: context.hides(text) ? withoutValues(result) : result, message }
}

function comparisonOf({ result, message }: Judged): FailedComparison {
  const { passed: _, unset: __, ...compared } = result
  return { ...compared, ...(message !== undefined && { label: message }) }
}

function explain({ result, message }: Judged): string[] {
  const lines = message === undefined ? [`  ${result.statement}`] : [`  ${message}`, `    ${result.statement}`]
  if (result.reason !== undefined || result.right === undefined) return [...lines, `    ${explainStatement(result)}`]
  const hints = (result.hints ?? []).map((hint) => `    ${hint}`)
  // One below the other, so that the difference of long values is seen.
  return [...lines, `    left:  ${result.left ?? ''}`, `    right: ${result.right}`, ...hints]
}
