import { contextIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const leaveContext = requestStep({
  kind: 'leave_context',
  summary: 'Leave a context; the group stays joined.',
  fields: { context_id: contextIdField },
  route: 'POST /contexts/:context_id/leave',
  attempted: 'leaving the context',
  givesUpHistory: true,
  outputsAreExtra: true,
  outputs: [
    { name: 'contextId', description: 'Id of the context.' },
    { name: 'memberPublicKey', description: 'The key that was in it.' },
  ],
})
