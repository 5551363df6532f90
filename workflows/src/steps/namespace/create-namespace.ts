import { Type } from '@calbox/schemas'
import { applicationIdField, closed, nodeField } from '../fields.ts'
import { refuseError, shortId, textOf } from '../reply.ts'
import { defineStep } from '../step-kind.ts'

export const createNamespace = defineStep({
  kind: 'create_namespace',
  aliases: ['create_group'],
  summary: 'Create a namespace, the group that owns contexts and members, for an application.',
  schema: Type.Object(
    {
      node: nodeField,
      application_id: applicationIdField,
      app_key: Type.Optional(Type.String({ description: 'Key of the application, 64 hex digits.' })),
      namespace_name: Type.Optional(Type.String({ description: 'Name for people.' })),
    },
    closed,
  ),
  outputs: [{ name: 'namespaceId', description: 'Id of the namespace.' }],
  exportedVariables: ['namespace_id_{node}'],
  honoursExpectedFailure: true,
  async run(input, context, options) {
    const node = context.node(input.node)
    const attempted = 'creating a namespace'
    const reply = await node.client.createNamespace(
      {
        applicationId: context.text(input.application_id),
        appKey: input.app_key === undefined ? undefined : context.text(input.app_key),
        name: input.namespace_name === undefined ? undefined : context.text(input.namespace_name),
      },
      options,
    )
    const namespaceId = textOf(node.name, attempted, refuseError(node.name, attempted, reply), 'namespaceId')
    return {
      payload: reply,
      exports: { [`namespace_id_${node.name}`]: namespaceId },
      rawKey: `create_namespace_${node.name}`,
      node: node.name,
      summary: `namespace ${shortId(namespaceId)}`,
    }
  },
})
