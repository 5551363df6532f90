import { Type } from '@calbox/schemas'
import { closed, nodeField } from '../fields.ts'
import { retryNetworkFaults } from '../network-retry.ts'
import { refuseError, shortId, textOf } from '../reply.ts'
import { defineStep } from '../step-kind.ts'

export const createIdentity = defineStep({
  kind: 'create_identity',
  summary: 'Make a new identity for contexts on a node.',
  schema: Type.Object({ node: nodeField }, closed),
  outputs: [{ name: 'publicKey', description: 'The public key.' }],
  exportedVariables: ['public_key_{node}'],
  honoursExpectedFailure: false,
  async run(input, context, options) {
    const node = context.node(input.node)
    const make = () => node.client.createContextIdentity(options)
    const attempted = 'making an identity'
    const reply = refuseError(node.name, attempted, await retryNetworkFaults(make, context, options))
    const publicKey = textOf(node.name, attempted, reply, 'publicKey')
    return {
      payload: reply,
      exports: { [`public_key_${node.name}`]: publicKey },
      rawKey: `identity_${node.name}`,
      node: node.name,
      summary: `identity ${shortId(publicKey)}`,
    }
  },
})
