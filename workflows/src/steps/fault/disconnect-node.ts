import { Type } from '@calbox/schemas'
import { closed, nodeField } from '../fields.ts'
import { defineStep } from '../step-kind.ts'
import { linksOf, networkField, networkText } from './container-field.ts'

export const disconnectNode = defineStep({
  kind: 'disconnect_node',
  summary: 'Cut a node off from all others until connect_node.',
  schema: Type.Object({ node: nodeField, network: networkField }, closed),
  outputs: [],
  exportedVariables: ['__partition_network_{node}'],
  honoursExpectedFailure: false,
  async run(input, context, options) {
    const node = context.node(input.node)
    const links = linksOf(node)
    const asked = networkText(input.network, context)
    // First: where the engine has no such network, nothing is cut.
    const left = await node.leaveNetwork?.(asked, options)
    await links.disconnect({ ...options, place: context.place })
    const how = left && (left.changed ? ` off ${left.network}` : `, which was not on ${left.network}`)
    return {
      exports: { [`__partition_network_${node.name}`]: left?.network ?? asked ?? 'calbox' },
      summary: `${node.name}${how ?? ''}`,
    }
  },
})
