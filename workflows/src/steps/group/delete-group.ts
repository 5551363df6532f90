import { groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const deleteGroup = requestStep({
  kind: 'delete_group',
  summary: 'Delete a group with its subgroups and their contexts.',
  fields: { group_id: groupIdField },
  route: 'DELETE /groups/:group_id',
  attempted: 'deleting the group',
  givesUpHistory: true,
  body: () => ({}),
  outputsAreExtra: true,
  outputs: [{ name: 'isDeleted', description: 'true.' }],
})
