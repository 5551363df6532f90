import { Type } from '@calbox/schemas'
import { contextIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const getProposalApprovers = requestStep({
  kind: 'get_proposal_approvers',
  summary: 'Read who has approved a proposal that waits for more.',
  fields: {
    context_id: contextIdField,
    proposal_id: Type.String({ minLength: 1, description: 'Id of the proposal.' }),
  },
  route: 'GET /contexts/:context_id/proposals/:proposal_id/approvals/users',
  attempted: 'reading who has approved the proposal',
  honoursExpectedFailure: false,
  rawKey: 'proposal_approvers',
  payload: (approvers) => ({ approvers }),
  outputs: [{ name: 'approvers', description: 'Public keys of those who have approved it.' }],
})
