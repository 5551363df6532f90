import { groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const listGroupContexts = requestStep({
  kind: 'list_group_contexts',
  summary: 'List the contexts of a group.',
  fields: { group_id: groupIdField },
  route: 'GET /groups/:group_id/contexts',
  attempted: 'listing the contexts',
  rawKey: 'contexts',
  outputs: [{ name: '0.contextId', description: 'Id of the first one; the reply is a list of {contextId, name?}.' }],
})
