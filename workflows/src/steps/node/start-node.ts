import { durationField, Type } from '@calbox/schemas'
import { durationMs } from '../../values/duration.ts'
import { asList, closed, nodesField } from '../fields.ts'
import { START_READY_TIMEOUT_SEC } from '../limits.ts'
import { defineStep } from '../step-kind.ts'

export const startNode = defineStep({
  kind: 'start_node',
  summary: 'Start stopped nodes again, with the same ports and data.',
  schema: Type.Object(
    {
      nodes: nodesField,
      wait_for_ready: Type.Optional(
        Type.Boolean({ default: true, description: 'Accepted; the step always waits until the node answers.' }),
      ),
      wait_timeout: Type.Optional(
        durationField('Until it must answer', { isWhole: true, minimum: 1, default: START_READY_TIMEOUT_SEC }),
      ),
      mock_tee: Type.Optional(
        Type.Boolean({
          description: 'As a mock TEE, or not; as it was where this is left out. The node must be stopped.',
        }),
      ),
    },
    closed,
  ),
  outputs: [],
  honoursExpectedFailure: false,
  async run(input, context, { signal }) {
    const nodes = asList(input.nodes).map((name) => context.node(context.text(name)))
    const readyTimeoutMs = durationMs(input.wait_timeout ?? START_READY_TIMEOUT_SEC)
    await Promise.all(nodes.map((node) => node.start({ signal, readyTimeoutMs, mockTee: input.mock_tee })))
    return { summary: nodes.map((node) => `${node.name} at ${node.url}`).join(', ') }
  },
})
