import { Type } from '@calbox/schemas'
import { isJsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { closed, nodeField } from '../fields.ts'
import { refuseError } from '../reply.ts'
import { defineStep } from '../step-kind.ts'
import { readInvitation } from './invitation.ts'
import { namespaceFields, namespaceOf, namespaceProblems } from './namespace-field.ts'

export const invite = defineStep({
  kind: 'invite',
  aliases: ['invite_open', 'invite_identity'],
  summary: 'Make an invitation to a namespace. Older spelling of create_namespace_invitation.',
  schema: Type.Object(
    {
      node: nodeField,
      ...namespaceFields,
      recursive: Type.Optional(
        Type.Boolean({ default: false, description: 'Ask for one a group; the first is given.' }),
      ),
    },
    closed,
  ),
  outputs: [{ name: 'invitation', description: 'The signed invitation.' }],
  honoursExpectedFailure: true,
  checks: (input) => namespaceProblems(input),
  async run(input, context, options) {
    const node = context.node(input.node)
    const namespaceId = namespaceOf(input, context)
    const reply = await node.client.inviteToNamespace(namespaceId, { recursive: input.recursive ?? false }, options)
    const { invitation } = readInvitation(firstOf(refuseError(node.name, 'making an invitation', reply)))
    return { payload: { invitation }, rawKey: `invite_${node.name}`, node: node.name }
  },
})

function firstOf(reply: JsonValue): JsonValue {
  const all = isJsonObject(reply) ? reply.invitations : undefined
  return Array.isArray(all) ? (all[0] ?? null) : reply
}
