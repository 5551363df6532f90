import { Type } from '@calbox/schemas'
import { requestStep } from '../request-step.ts'

export const reparentGroup = requestStep({
  kind: 'reparent_group',
  summary: 'Move a group below another one.',
  fields: {
    child_group_id: Type.String({ minLength: 1, description: 'Group to move.' }),
    new_parent_id: Type.String({ minLength: 1, description: 'Its new parent.' }),
  },
  route: 'POST /groups/:child_group_id/reparent',
  attempted: 'moving the group',
  body: ({ new_parent_id }) => ({ newParentId: new_parent_id }),
  outputsAreExtra: true,
  outputs: [{ name: 'reparented', description: 'true where it was somewhere else before.' }],
})
