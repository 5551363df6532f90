import { Type } from '@calbox/schemas'
import { contextIdField, nodeField } from '../fields.ts'
import { unsupportedStep } from '../unsupported-step.ts'
import { NO_PROPOSALS } from './no-proposals.ts'

export const listProposals = unsupportedStep({
  kind: 'list_proposals',
  summary: 'List the proposals of a context. Nodes have no proposals any more.',
  unsupported: NO_PROPOSALS,
  fields: {
    node: nodeField,
    context_id: contextIdField,
    args: Type.Optional(Type.String({ description: 'Which part of the list, as JSON text.' })),
  },
})
