import { evaluateJsonAssert, jsonAssertFlaw } from '../../values/json/json-assert.ts'
import { defineStep } from '../step-kind.ts'
import { checkStatements, judgeStatements, statementsSchema } from './statements.ts'

export const jsonAssert = defineStep({
  kind: 'json_assert',
  summary: 'Check statements about JSON values: json_equal, json_not_equal, json_subset.',
  schema: statementsSchema,
  outputs: [],
  hasNoReply: true,
  readsOnlyVariables: true,
  honoursExpectedFailure: false,
  checks: (input) => checkStatements(input, jsonAssertFlaw),
  async run(_input, context) {
    return judgeStatements(context, evaluateJsonAssert)
  },
})
