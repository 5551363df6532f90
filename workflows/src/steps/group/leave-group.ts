import { groupIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const leaveGroup = requestStep({
  kind: 'leave_group',
  summary: 'Leave a group.',
  fields: { group_id: groupIdField },
  route: 'POST /groups/:group_id/leave',
  attempted: 'leaving the group',
  givesUpHistory: true,
  outputsAreExtra: true,
  outputs: [
    { name: 'groupId', description: 'Id of the group.' },
    { name: 'memberPublicKey', description: 'The key that was in it.' },
  ],
})
