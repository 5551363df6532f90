import { Type } from '@calbox/schemas'
import { asList, closed, nodesField } from '../fields.ts'
import { defineStep } from '../step-kind.ts'

export const stopNode = defineStep({
  kind: 'stop_node',
  summary: 'Stop nodes; their data stays.',
  schema: Type.Object({ nodes: nodesField }, closed),
  outputs: [],
  honoursExpectedFailure: false,
  async run(input, context, options) {
    const nodes = asList(input.nodes).map((name) => context.node(context.text(name)))
    const ends = await Promise.all(nodes.map((node) => node.stop(options)))
    return { summary: nodes.map((node, at) => `${node.name}: ${ends[at]}`).join(', ') }
  },
})
