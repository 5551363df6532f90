import { Type } from '@calbox/schemas'
import { closed, namespaceIdField, nodeField } from '../fields.ts'
import { refuseError, shortId } from '../reply.ts'
import { defineStep } from '../step-kind.ts'

export const createGroupInNamespace = defineStep({
  kind: 'create_group_in_namespace',
  summary: 'Create a subgroup of a namespace; restricted unless visibility says open.',
  schema: Type.Object(
    {
      node: nodeField,
      namespace_id: namespaceIdField,
      group_name: Type.Optional(Type.String({ description: 'Name for people.' })),
      visibility: Type.Optional(
        Type.Union([Type.Literal('open'), Type.Literal('restricted')], {
          default: 'restricted',
          description: 'open: members of the parent may join; restricted: only who is added.',
        }),
      ),
    },
    closed,
  ),
  lateFields: ['visibility'],
  outputs: [{ name: 'groupId', description: 'Id of the group.' }],
  honoursExpectedFailure: true,
  async run(input, context, options) {
    const node = context.node(input.node)
    const reply = await node.client.createGroupInNamespace(
      context.text(input.namespace_id),
      {
        groupName: input.group_name === undefined ? undefined : context.text(input.group_name),
        visibility: input.visibility,
      },
      options,
    )
    refuseError(node.name, 'creating a group', reply)
    const groupId = typeof reply === 'object' && reply !== null && 'groupId' in reply ? reply.groupId : null
    return {
      payload: reply,
      rawKey: `group_in_namespace_${node.name}`,
      node: node.name,
      summary: `group ${shortId(groupId)}`,
    }
  },
})
