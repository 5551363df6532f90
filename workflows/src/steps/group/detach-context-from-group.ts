import { contextIdField, groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const detachContextFromGroup = requestStep({
  kind: 'detach_context_from_group',
  summary: 'Take a context out of its group.',
  fields: { group_id: groupIdField, context_id: contextIdField },
  route: 'POST /groups/:group_id/contexts/:context_id/remove',
  attempted: 'detaching the context',
  body: () => ({}),
  outputsAreExtra: true,
})
