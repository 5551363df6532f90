import { Type } from '@calbox/schemas'
import { groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const removeGroupMembers = requestStep({
  kind: 'remove_group_members',
  summary: 'Remove members from a group.',
  fields: {
    group_id: groupIdField,
    members: Type.Array(Type.String({ minLength: 1 }), { minItems: 1, description: 'Account ids.' }),
  },
  route: 'POST /groups/:group_id/members/remove',
  attempted: 'removing members',
  body: ({ members }) => ({ members }),
  outputsAreExtra: true,
})
