import { evaluateAssertStatement } from '../../../values/assert-statement.ts'
import { evaluateJsonAssert } from '../../../values/json/json-assert.ts'
import { hasPlaceholder } from '../../../values/placeholders.ts'
import { Variables } from '../../../values/variables.ts'
import type { LintRule } from '../../rule.ts'
import type { LintStep } from '../../source/lint-step.ts'
import { statementsOf } from '../../source/statements.ts'

export const constantStatement: LintRule = {
  id: 'constant-statement',
  severity: 'note',
  sometimes: 'error',
  summary: 'A statement without a placeholder: it says nothing about the run.',
  why: `A statement that names no variable is always true, or always false. Often the braces were forgotten. Where it is never
true and its step is always run, the file cannot pass, which is an error; below a condition, such a step may be there to fail.`,
  bad: `
- { type: assert, statements: ['ctx != app'] }`,
  good: `
- { type: assert, statements: ['{{ctx}} != {{app}}'] }`,
  check(subject, report) {
    for (const step of subject.all) {
      const evaluate = step.planned.kind === 'assert' ? evaluateAssertStatement : evaluateJsonAssert
      for (const { text, span } of statementsOf(step)) {
        if (hasPlaceholder(text)) continue
        const { passed } = evaluate(text, new Variables())
        const message = passed ? 'this is always true: it checks nothing' : 'this is never true: the step always fails'
        const place = span && { span }
        const isFatal = !passed && step.planned.input.non_blocking !== true && isAlwaysRun(step)
        const severity = isFatal ? 'error' : 'note'
        report({ step, ...place, severity, message, hint: 'a variable stands in {{ and }}' })
      }
    }
  },
}

/** Steps that pass whatever becomes of those inside them. */
const FORGIVING: ReadonlySet<string> = new Set(['parallel', 'fuzzy_test'])

/** And with it the file fails. */
function isAlwaysRun(step: LintStep): boolean {
  for (let each: LintStep | undefined = step; each !== undefined; each = each.parent) {
    const { kind, controls } = each.planned
    if (FORGIVING.has(kind) || controls?.if !== undefined || controls?.forEach !== undefined) return false
  }
  return true
}
