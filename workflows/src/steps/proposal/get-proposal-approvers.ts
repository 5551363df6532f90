import { Type } from '@calbox/schemas'
import { contextIdField, nodeField } from '../fields.ts'
import { unsupportedStep } from '../unsupported-step.ts'
import { NO_PROPOSALS } from './no-proposals.ts'

export const getProposalApprovers = unsupportedStep({
  kind: 'get_proposal_approvers',
  summary: 'Read who has approved a proposal. Nodes have no proposals any more.',
  unsupported: NO_PROPOSALS,
  fields: {
    node: nodeField,
    context_id: contextIdField,
    proposal_id: Type.String({ minLength: 1, description: 'Id of the proposal.' }),
  },
})
