import { isJsonObject } from '../../../values/json/json-value.ts'
import { placeholderNames } from '../../order/symbols.ts'
import type { LintRule } from '../../rule.ts'
import { isInside, type LintStep, said, spanOfField } from '../../source/lint-step.ts'
import type { LintSubject } from '../../source/lint-subject.ts'
import { statementsOf } from '../../source/statements.ts'
import { capturesOf } from '../../source/variable-uses.ts'

const ERROR_FIELDS: ReadonlySet<string> = new Set(['error_code', 'error_type', 'error_message', 'error'])

export const unprovenFailure: LintRule = {
  id: 'unproven-failure',
  severity: 'warning',
  summary: 'A call that is expected to fail, and passes also when it succeeds.',
  why: `\`expected_failure\` of a \`call\` lets both ends pass, as in the original: only a failure that is not the expected one fails
the step. What was not allowed and went through is a warning in the report and no more. Capture \`error\`, which is null then, and
assert that it is set. (\`error_type\` and \`error_code\` are null as well where no application answered, as after HTTP 401.)`,
  bad: `
- { type: call, node: a, context_id: '{{ctx}}', method: set, args: {}, expected_failure: true }`,
  good: `
- type: call
  node: a
  context_id: '{{ctx}}'
  method: set
  args: {}
  expected_failure: true
  outputs: { refused: error }
- { type: assert, statements: ['is_set({{refused}})'] }`,
  check(subject, report) {
    const judged = judgedVariables(subject)
    for (const step of subject.all) {
      const { kind, expectedFailure, input, controls } = step.planned
      if (kind !== 'call' || !expectedFailure || isInside(step, 'fuzzy_test') || controls?.expect !== undefined)
        continue
      // One that captures the result as well is written for both ends.
      if (capturesOf(step).some(({ source }) => /^result(?:\.|$)/.test(source))) continue
      if (errorVariables(step).some((name) => judged.has(name))) continue
      const span = spanOfField(step, 'expected_failure')
      const shown = typeof input.method === 'string' ? said(step) : 'the call'
      const message = `this passes also when ${shown} succeeds: nothing looks at its error`
      const hint = 'capture an error field (outputs: {refused: error}) and assert is_set({{refused}})'
      report({ step, message, hint, ...(span && { span }) })
    }
  },
}

function judgedVariables({ all }: LintSubject): ReadonlySet<string> {
  return new Set(all.flatMap(statementsOf).flatMap(({ text }) => placeholderNames(text)))
}

/** With outputs under their names, without under long ones. */
function errorVariables(step: LintStep): string[] {
  const { input, outputs } = step.planned
  if (isJsonObject(outputs)) {
    return capturesOf(step).flatMap(({ name, source }) => (ERROR_FIELDS.has(source) ? [name] : []))
  }
  return [...ERROR_FIELDS].map((field) => `execute_${input.node}_${input.method}_${field}`)
}
