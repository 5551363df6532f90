import { assertStatementFlaw, evaluateAssertStatement } from '../../values/assert-statement.ts'
import { defineStep } from '../step-kind.ts'
import { checkStatements, judgeStatements, statementsSchema } from './statements.ts'

export const assertStep = defineStep({
  kind: 'assert',
  summary:
    'Check statements: is_set, is_empty, contains, not_contains, regex, equal, not_equal, and A == B and the like.',
  schema: statementsSchema,
  outputs: [],
  hasNoReply: true,
  readsOnlyVariables: true,
  honoursExpectedFailure: false,
  checks: (input) => checkStatements(input, assertStatementFlaw),
  async run(_input, context) {
    return judgeStatements(context, evaluateAssertStatement)
  },
})
