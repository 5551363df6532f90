import { namespaceIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const leaveNamespace = requestStep({
  kind: 'leave_namespace',
  summary: 'Leave a namespace.',
  fields: { namespace_id: namespaceIdField },
  route: 'POST /namespaces/:namespace_id/leave',
  attempted: 'leaving the namespace',
  givesUpHistory: true,
  outputsAreExtra: true,
  outputs: [
    { name: 'namespaceId', description: 'Id of the namespace.' },
    { name: 'memberPublicKey', description: 'The key that was in it.' },
  ],
})
