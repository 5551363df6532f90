import { Type } from '@calbox/schemas'
import type { JsonValue } from '../../values/json/json-value.ts'
import { contextIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'
import { StepError } from '../step-error.ts'

export const listProposals = requestStep({
  kind: 'list_proposals',
  summary: 'List the proposals of a context that wait for approval.',
  fields: {
    context_id: contextIdField,
    args: Type.Optional(
      Type.String({ description: 'Which part of the list, as JSON text: {"offset": 0, "limit": 10}.' }),
    ),
  },
  route: 'POST /contexts/:context_id/proposals',
  body: ({ args }) => pageIn(args),
  attempted: 'listing the proposals',
  honoursExpectedFailure: false,
  rawKey: 'proposals',
  payload: (proposals) => ({ proposals }),
  outputs: [{ name: 'proposals', description: 'List of {id, author_id, actions}.' }],
})

/** Throws StepError `invalid`. The node judges what is in it. */
function pageIn(args: JsonValue | undefined): Readonly<Record<string, JsonValue | undefined>> {
  if (args === undefined) return {}
  try {
    const page: unknown = JSON.parse(String(args))
    if (typeof page === 'object' && page !== null && !Array.isArray(page)) return page as Record<string, JsonValue>
  } catch {
    // Not JSON: as below.
  }
  throw new StepError('invalid', `args is the text of a JSON object such as {"offset": 0, "limit": 10}`, {
    field: 'args',
  })
}
