import { Type } from '@calbox/schemas'
import { closed, nodeField } from '../fields.ts'
import { defineStep } from '../step-kind.ts'
import { linksOf, networkField, networkText } from './container-field.ts'

export const connectNode = defineStep({
  kind: 'connect_node',
  summary: 'Connect a node again that disconnect_node has cut off.',
  schema: Type.Object({ node: nodeField, network: networkField }, closed),
  outputs: [],

  honoursExpectedFailure: false,
  async run(input, context, options) {
    const node = context.node(input.node)
    const links = linksOf(node)
    const joined = await node.joinNetwork?.(networkText(input.network, context), options)
    await links.connect(options)
    const how = joined && (joined.changed ? ` on ${joined.network}` : `, which was on ${joined.network} already`)
    return { summary: `${node.name}${how ?? ''}` }
  },
})
