import { Type } from '@calbox/schemas'
import { closed, nodeField } from '../fields.ts'
import { presentFields, refuseError, shortId } from '../reply.ts'
import { defineStep } from '../step-kind.ts'
import { invitationField, readInvitation } from './invitation.ts'
import { namespaceFields, namespaceOf, namespaceProblems } from './namespace-field.ts'

export const join = defineStep({
  kind: 'join',
  aliases: ['join_open'],
  summary:
    'Join a namespace with an invitation. Older spelling of join_namespace, which also installs the application.',
  schema: Type.Object(
    {
      node: nodeField,
      invitation: invitationField('What invite captured: a map, or its JSON text.'),
      ...namespaceFields,
    },
    closed,
  ),
  outputs: [
    { name: 'namespaceId', description: 'Id of the namespace.' },
    { name: 'memberIdentity', description: "The joiner's public key." },
    { name: 'memberAccount', description: "The joiner's account id." },
  ],
  exportedVariables: ['namespace_id_{node}'],
  honoursExpectedFailure: false,
  checks: (input) => namespaceProblems(input),
  async run(input, context, options) {
    const node = context.node(input.node)
    const namespaceId = namespaceOf(input, context)
    const signed = readInvitation(context.resolve(context.step.input.invitation ?? null))
    const attempted = `joining namespace ${shortId(namespaceId)}`
    const reply = refuseError(node.name, attempted, await node.client.joinNamespace(namespaceId, signed, options))
    return {
      payload: reply,
      exports: presentFields(reply, { namespaceId: `namespace_id_${node.name}` }),
      rawKey: `join_${node.name}`,
      node: node.name,
      summary: `joined ${shortId(namespaceId)}`,
    }
  },
})
