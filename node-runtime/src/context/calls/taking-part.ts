// What a call proposes and approves, as operations of the namespace's log. Guests and clients name proposals by the ids
// that these were given; an approval is of the operation, and so it is found here which one is meant.
import { type ContextId, idBase58, idFromBytes, type OpId, type ProposalId } from '../../base/ids.ts'
import type { ProposalApproved, ProposalMade } from '../../base/operations.ts'
import type { ContextProposals, Proposal } from '../../governance/namespace-state.ts'
import { proposalsNamed } from '../../governance/proposals.ts'
import type { GuestOutcome } from '../../runtime/guest-executor.ts'
import { ContextError } from '../errors.ts'
import { PROPOSED_BURST, PROPOSED_BYTES_MAX, PROPOSED_EVERY_MS } from '../limits.ts'

/** The one that waits under this id. Throws PROPOSAL_NOT_FOUND, and NOT_ALLOWED where several do, and only their operations differ. */
export function proposalCalled(proposals: ContextProposals | undefined, id: ProposalId | OpId): Proposal {
  const [found, ...others] = proposalsNamed(proposals, id)
  if (found === undefined) {
    throw new ContextError('PROPOSAL_NOT_FOUND', `proposal ${idBase58(id)}: no such proposal waits for approval`)
  }
  if (others.length === 0) return found
  const ops = [found, ...others].map(({ op }) => idBase58(op)).join(', ')
  const message = `${others.length + 1} proposals are called ${idBase58(id)}; name one by its operation: ${ops}`
  throw new ContextError('NOT_ALLOWED', message)
}

export type LogBody = ProposalMade | ProposalApproved

interface Place {
  readonly contextId: ContextId
  readonly proposals: ContextProposals | undefined
}

/** Who proposes approves, too. Throws as `proposalCalled` does, and NOT_ALLOWED for too many bytes. */
export function operationsOf(
  { proposals: made, approvals }: Pick<GuestOutcome, 'proposals' | 'approvals'>,
  { contextId, proposals }: Place,
): LogBody[] {
  const bytes = made.reduce((sum, { actions }) => sum + actions.byteLength, 0)
  if (bytes > PROPOSED_BYTES_MAX) {
    const message = `a call proposes actions of ${PROPOSED_BYTES_MAX} bytes at most, and these have ${bytes}`
    throw new ContextError('NOT_ALLOWED', message)
  }
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

/** What calls of one context add to the log, which everybody keeps for good. */
export class ProposalPace {
  #left = PROPOSED_BURST
  #atMs: number | undefined

  /** Throws CONTEXT_BUSY beyond the pace. */
  take(count: number, nowMs: number): void {
    const sinceMs = Math.max(0, nowMs - (this.#atMs ?? nowMs))
    this.#left = Math.min(PROPOSED_BURST, this.#left + sinceMs / PROPOSED_EVERY_MS)
    this.#atMs = nowMs
    if (count > this.#left)
      throw new ContextError('CONTEXT_BUSY', 'calls propose and approve too often; retry in a minute')
    this.#left -= count
  }
}
