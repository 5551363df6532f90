import { Type } from '@calbox/schemas'
import { contextIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const getProposal = requestStep({
  kind: 'get_proposal',
  summary: 'Read a proposal of a context that waits for approval.',
  fields: {
    context_id: contextIdField,
    proposal_id: Type.String({ minLength: 1, description: 'Id of the proposal.' }),
  },
  route: 'GET /contexts/:context_id/proposals/:proposal_id',
  attempted: 'reading the proposal',
  honoursExpectedFailure: false,
  rawKey: 'proposal',
  outputs: [
    { name: 'id', description: 'Id of the proposal.' },
    { name: 'author_id', description: 'Public key of who made it.' },
    { name: 'actions', description: 'List of {scope, params}.' },
  ],
})
