// What a call proposes and approves, as operations of the namespace's log. Guests and clients name proposals by the ids
// that these were given; an approval is of the operation, and so it is found here which one is meant.
import { type ContextId, idBase58, idFromBytes, type OpId, type ProposalId } from '../../base/ids.ts'
import type { ProposalApproved, ProposalMade } from '../../base/operations.ts'
import type { ContextProposals, Proposal } from '../../governance/namespace-state.ts'
import { proposalsNamed } from '../../governance/proposals.ts'
import type { GuestOutcome } from '../../runtime/guest-executor.ts'
import { ContextError } from '../errors.ts'

/** The one that waits under this id. Throws NOT_ALLOWED: none does, or several do, and only their operations differ. */
export function proposalCalled(proposals: ContextProposals | undefined, id: ProposalId | OpId): Proposal {
  const [found, ...others] = proposalsNamed(proposals, id)
  if (found === undefined) {
    throw new ContextError('NOT_ALLOWED', `proposal ${idBase58(id)}: no such proposal waits for approval`)
  }
  if (others.length === 0) return found
  const ops = [found, ...others].map(({ op }) => idBase58(op)).join(', ')
  const message = `${others.length + 1} proposals are called ${idBase58(id)}; name one by its operation: ${ops}`
  throw new ContextError('NOT_ALLOWED', message)
}

interface Place {
  readonly contextId: ContextId
  readonly proposals: ContextProposals | undefined
}

/** Who proposes approves, too. Throws as `proposalCalled` does. */
export function operationsOf(
  { proposals: made, approvals }: Pick<GuestOutcome, 'proposals' | 'approvals'>,
  { contextId, proposals }: Place,
): (ProposalMade | ProposalApproved)[] {
  const proposed = made.map(({ id, actions }) => ({ proposalId: idFromBytes<ProposalId>(id), actions }))
  const own = new Set(proposed.map(({ proposalId }) => proposalId))
  const others = [...new Set(approvals.map((id) => idFromBytes<ProposalId>(id)))].filter((id) => !own.has(id))
  return [
    ...proposed.map((each) => ({ kind: 'proposal_made' as const, contextId, ...each })),
    ...others.map((id) => {
      const { op } = proposalCalled(proposals, id)
      return { kind: 'proposal_approved' as const, contextId, proposal: op }
    }),
  ]
}
