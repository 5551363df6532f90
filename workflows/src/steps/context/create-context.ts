import { Type } from '@calbox/schemas'
import { applicationIdField, closed, groupIdField, nodeField } from '../fields.ts'
import { noteContextId, refuseError, shortId, textOf } from '../reply.ts'
import { defineStep } from '../step-kind.ts'
import { initParamBytes, paramProblems } from './init-params.ts'

export const createContext = defineStep({
  kind: 'create_context',
  summary: 'Create a context, an instance of an application, in a namespace or subgroup.',
  schema: Type.Object(
    {
      node: nodeField,
      application_id: applicationIdField,
      group_id: groupIdField,
      params: Type.Optional(Type.String({ description: 'Arguments of init, as JSON text.' })),
      service_name: Type.Optional(Type.String({ description: 'Which service of a bundle.' })),
    },
    closed,
  ),
  outputs: [
    { name: 'contextId', description: 'Id of the context.' },
    { name: 'memberPublicKey', description: "The node's key in the context." },
    { name: 'groupId', description: 'The group it is in.' },
  ],
  exportedVariables: ['context_id_{node}'],
  honoursExpectedFailure: true,
  checks: ({ params }) => paramProblems(params),
  async run(input, context, options) {
    const node = context.node(input.node)
    const reply = await node.client.createContext(
      {
        applicationId: context.text(input.application_id),
        groupId: context.text(input.group_id),
        initializationParams: initParamBytes(input.params === undefined ? undefined : context.text(input.params)),
        serviceName: input.service_name === undefined ? undefined : context.text(input.service_name),
      },
      options,
    )
    const attempted = 'creating a context'
    const contextId = textOf(node.name, attempted, refuseError(node.name, attempted, reply), 'contextId')
    noteContextId(context, contextId)
    return {
      payload: reply,
      exports: { [`context_id_${node.name}`]: contextId },
      rawKey: `context_${node.name}`,
      node: node.name,
      summary: `context ${shortId(contextId)}`,
    }
  },
})
