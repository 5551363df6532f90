import { groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const syncGroup = requestStep({
  kind: 'sync_group',
  summary: 'Let a node fetch the governance of a group.',
  fields: { group_id: groupIdField },
  route: 'POST /groups/:group_id/sync',
  attempted: 'synchronising the group',
  body: () => ({}),
  outputsAreExtra: true,
  outputs: [
    { name: 'memberCount', description: 'How many members it has now.' },
    { name: 'contextCount', description: 'How many contexts it has now.' },
  ],
})
