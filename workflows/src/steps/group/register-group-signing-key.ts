import { Type } from '@calbox/schemas'
import { groupIdField, nodeField } from '../fields.ts'
import { unsupportedStep } from '../unsupported-step.ts'

export const registerGroupSigningKey = unsupportedStep({
  kind: 'register_group_signing_key',
  summary: 'Register a signing key of a group. Nodes have no such route any more.',
  unsupported: 'nodes sign with their own key, and take no other; delete this step',
  fields: {
    node: nodeField,
    group_id: groupIdField,
    signing_key: Type.String({ minLength: 1, description: '64 hex digits.' }),
  },
  failsAsOperation: true,
})
