import { Type } from '@calbox/schemas'
import { closed, nodeField } from '../fields.ts'
import { StepError } from '../step-error.ts'
import { defineStep } from '../step-kind.ts'
import { linksOf, peersField } from './container-field.ts'

export const partitionPeers = defineStep({
  kind: 'partition_peers',
  summary: 'Cut the connections between a node and some others; its HTTP stays reachable.',
  schema: Type.Object({ node: nodeField, peers: peersField }, closed),
  outputs: [],
  honoursExpectedFailure: false,
  async run(input, context, options) {
    const node = context.node(input.node)
    const peers = input.peers.map((name) => context.node(name).name)
    if (peers.every((name) => name === node.name)) {
      throw new StepError('invalid', `${node.name} cannot be cut from itself`, { node: node.name, field: 'peers' })
    }
    await linksOf(node).partition(peers, { ...options, place: context.place })
    return { summary: `${node.name} and ${peers.join(', ')}` }
  },
})
