import { namespaceIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const deleteNamespace = requestStep({
  kind: 'delete_namespace',
  summary: 'Delete a namespace with its groups and contexts.',
  fields: { namespace_id: namespaceIdField },
  route: 'DELETE /namespaces/:namespace_id',
  attempted: 'deleting the namespace',
  givesUpHistory: true,
  body: () => ({}),
  outputsAreExtra: true,
  outputs: [{ name: 'isDeleted', description: 'true.' }],
})
