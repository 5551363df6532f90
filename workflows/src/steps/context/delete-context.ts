import { contextIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const deleteContext = requestStep({
  kind: 'delete_context',
  summary: 'Delete a context from a node.',
  fields: { context_id: contextIdField },
  route: 'DELETE /contexts/:context_id',
  attempted: 'deleting the context',
  givesUpHistory: true,
  body: () => ({}),
  outputsAreExtra: true,
  outputs: [{ name: 'isDeleted', description: 'true.' }],
})
