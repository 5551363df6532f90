import { Type } from '@calbox/schemas'
import { closed, contextIdField, nodeField } from '../fields.ts'
import { presentFields, refuseError, shortId } from '../reply.ts'
import { defineStep } from '../step-kind.ts'

export const joinContext = defineStep({
  kind: 'join_context',
  summary: "Join a context through membership of its group; answers when the context's state is on the node.",
  schema: Type.Object({ node: nodeField, context_id: contextIdField }, closed),
  outputs: [
    { name: 'contextId', description: 'Id of the context.' },
    { name: 'memberPublicKey', description: "The node's key in the context." },
  ],
  exportedVariables: ['context_id_{node}', 'context_member_public_key_{node}'],
  honoursExpectedFailure: true,
  async run(input, context, options) {
    const node = context.node(input.node)
    const contextId = context.text(input.context_id)
    const reply = refuseError(
      node.name,
      `joining context ${contextId}`,
      await node.client.joinContext(contextId, options),
    )
    return {
      payload: reply,
      exports: presentFields(reply, {
        contextId: `context_id_${node.name}`,
        memberPublicKey: `context_member_public_key_${node.name}`,
      }),
      rawKey: `join_context_${node.name}`,
      node: node.name,
      summary: `joined ${shortId(contextId)}`,
    }
  },
})
