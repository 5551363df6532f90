import { Type } from '@calbox/schemas'
import { closed, nodeField } from '../fields.ts'
import { defineStep } from '../step-kind.ts'
import { linksOf, networkField } from './container-field.ts'

export const connectNode = defineStep({
  kind: 'connect_node',
  summary: 'Connect a node again that disconnect_node has cut off.',
  schema: Type.Object({ node: nodeField, network: networkField }, closed),
  outputs: [],

  honoursExpectedFailure: false,
  async run(input, context, options) {
    const node = context.node(input.node)
    await linksOf(node).connect(options)
    return {}
  },
})
