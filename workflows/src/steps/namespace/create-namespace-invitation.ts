import { Type } from '@calbox/schemas'
import { closed, nodeField } from '../fields.ts'
import { presentFields, refuseError } from '../reply.ts'
import { defineStep } from '../step-kind.ts'
import { namespaceFields, namespaceOf, namespaceProblems } from './namespace-field.ts'

export const createNamespaceInvitation = defineStep({
  kind: 'create_namespace_invitation',
  aliases: ['create_group_invitation'],
  summary: 'Make an invitation to a namespace; with recursive also to each of its subgroups.',
  schema: Type.Object(
    {
      node: nodeField,
      ...namespaceFields,
      recursive: Type.Optional(Type.Boolean({ default: false, description: 'One invitation a group.' })),
    },
    closed,
  ),
  outputs: [
    { name: 'invitation', description: 'The signed invitation, to be handed to join_namespace.' },
    { name: 'invitations.0.invitation', description: 'With recursive: the invitation of the first group.' },
  ],
  exportedVariables: ['namespace_invitation_{node}'],
  honoursExpectedFailure: true,
  checks: (input) => namespaceProblems(input),
  async run(input, context, options) {
    const node = context.node(input.node)
    const namespaceId = namespaceOf(input, context)
    const reply = await node.client.inviteToNamespace(namespaceId, { recursive: input.recursive ?? false }, options)
    refuseError(node.name, 'making an invitation', reply)
    const variable = `namespace_invitation_${node.name}`
    const named = context.step.outputs === undefined ? presentFields(reply, { invitation: variable }) : {}
    return { payload: reply, exports: named, rawKey: `invite_${node.name}`, node: node.name }
  },
})
