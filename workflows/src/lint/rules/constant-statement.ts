import { evaluateAssertStatement } from '../../values/assert-statement.ts'
import { evaluateJsonAssert } from '../../values/json/json-assert.ts'
import { hasPlaceholder } from '../../values/placeholders.ts'
import { Variables } from '../../values/variables.ts'
import type { LintRule } from '../rule.ts'
import { statementsOf } from '../source/statements.ts'

export const constantStatement: LintRule = {
  id: 'constant-statement',
  severity: 'note',
  summary: 'A statement without a placeholder: it says nothing about the run. An error where it is never true.',
  why: `A statement that names no variable is always true, or always false. Often the braces were forgotten.`,
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
        const severity = passed || step.planned.input.non_blocking === true ? 'note' : 'error'
        report({ step, ...place, severity, message, hint: 'a variable stands in {{ and }}' })
      }
    }
  },
}
