import { Type } from '@calbox/schemas'
import { asList, closed, nodesField } from '../fields.ts'
import { defineStep } from '../step-kind.ts'

export const stopNode = defineStep({
  kind: 'stop_node',
  summary: 'Stop nodes; their data stays.',
  schema: Type.Object(
    {
      nodes: nodesField,
      kill: Type.Optional(
        Type.Boolean({
          description: 'End them at once and without warning, as kill -9 does: nothing is written any more.',
        }),
      ),
    },
    closed,
  ),
  outputs: [],
  honoursExpectedFailure: false,
  async run(input, context, options) {
    const nodes = asList(input.nodes).map((name) => context.node(context.text(name)))
    const ends = await Promise.all(nodes.map((node) => node.stop({ ...options, kill: input.kill === true })))
    return { summary: nodes.map((node, at) => `${node.name}: ${ends[at]}`).join(', ') }
  },
})
