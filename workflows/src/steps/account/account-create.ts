import { namespaceIdField, nodeField } from '../fields.ts'
import { unsupportedStep } from '../unsupported-step.ts'

export const accountCreate = unsupportedStep({
  kind: 'account_create',
  summary: 'Enrol an account in a namespace. Nodes have no such route any more: joining enrols by itself.',
  unsupported: 'nodes enrol an account when they join; read it with node_identity and delete this step',
  fields: { node: nodeField, namespace_id: namespaceIdField },
  failsAsOperation: true,
})
