import { groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const listSubgroups = requestStep({
  kind: 'list_subgroups',
  summary: 'List the subgroups of a group.',
  fields: { group_id: groupIdField },
  route: 'GET /groups/:group_id/subgroups',
  attempted: 'listing the subgroups',
  honoursExpectedFailure: false,
  rawKey: 'subgroups',
  outputs: [{ name: 'subgroups', description: 'List of {groupId, name?}.' }],
})
