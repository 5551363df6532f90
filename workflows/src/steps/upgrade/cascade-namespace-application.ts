import { Type } from '@calbox/schemas'
import { namespaceIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'
import { upgradeBody } from './upgrade-body.ts'

export const cascadeNamespaceApplication = requestStep({
  kind: 'cascade_namespace_application',
  summary: 'Change the application of a namespace and all its groups.',
  fields: {
    namespace_id: namespaceIdField,
    target_application_id: Type.String({ minLength: 1, description: 'The application to change to.' }),
  },
  route: 'POST /groups/:namespace_id/upgrade',
  attempted: 'upgrading the namespace',
  body: (given) => upgradeBody(given.target_application_id, true),
  rawKey: 'cascade_namespace_application',
  outputs: [
    { name: 'groupId', description: 'Id of the group.' },
    { name: 'status', description: 'in_progress or completed.' },
    { name: 'localContextsTotal', description: 'How many contexts of this node it concerns.' },
  ],
})
