import { namespaceIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const listNamespaceGroups = requestStep({
  kind: 'list_namespace_groups',
  summary: 'List the groups of a namespace.',
  fields: { namespace_id: namespaceIdField },
  route: 'GET /namespaces/:namespace_id/groups',
  attempted: 'listing the groups',
  honoursExpectedFailure: false,
  outputsAreExtra: true,
  rawKey: 'namespace_groups',
  outputs: [{ name: '0.groupId', description: 'Id of the first one; the reply is a list.' }],
})
