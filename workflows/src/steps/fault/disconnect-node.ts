import { Type } from '@calbox/schemas'
import { closed, nodeField } from '../fields.ts'
import { defineStep } from '../step-kind.ts'
import { linksOf, networkField } from './container-field.ts'

export const disconnectNode = defineStep({
  kind: 'disconnect_node',
  summary: 'Cut a node off from all others until connect_node.',
  schema: Type.Object({ node: nodeField, network: networkField }, closed),
  outputs: [],
  exportedVariables: ['__partition_network_{node}'],
  honoursExpectedFailure: false,
  async run(input, context, options) {
    const node = context.node(input.node)
    await linksOf(node).disconnect(options)
    return { exports: { [`__partition_network_${node.name}`]: context.text(input.network ?? 'calbox') } }
  },
})
