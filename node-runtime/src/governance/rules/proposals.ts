// Proposals of a context: who makes and approves them. Enough approvals carry one out in the fold itself.
import type { AccountId, ContextId } from '../../base/ids.ts'
import { accountOf } from '../../base/keys.ts'
import type { NamespaceSnapshot } from '../namespace-snapshot.ts'
import type { ContextProposals, Proposal } from '../namespace-state.ts'
import { executed, NO_PROPOSALS, proposalWith, readActions } from '../proposals.ts'
import type { OpOf, Rule } from './rule.ts'

export const proposalMade: Rule<'proposal_made'> = {
  refusal(state, { body: { contextId, proposalId, actions } }, author) {
    const refusal = refusalToTakePart(state, contextId, author)
    if (refusal !== undefined) return refusal
    if (readActions(actions) === undefined) return 'the actions are none'
    const proposals = state.contexts.get(contextId)?.proposals ?? NO_PROPOSALS
    if (isKnown(proposals, proposalId)) return 'there is a proposal of this id'
    if (proposals.active.length < proposals.activeMax) return undefined
    return `${proposals.activeMax} proposals wait for approval already`
  },
  effect(state, op) {
    const { contextId, proposalId, actions } = op.body
    const context = state.contexts.get(contextId)
    const proposals = context?.proposals ?? NO_PROPOSALS
    if (context === undefined || isKnown(proposals, proposalId)) return state
    if (proposals.active.length >= proposals.activeMax) return state
    const made = { id: proposalId, author: op.author, actions, madeHlc: op.hlc, approvals: [op.author] }
    return settled(state, { ...proposals, active: [...proposals.active, made] }, op)
  },
}

export const proposalApproved: Rule<'proposal_approved'> = {
  refusal(state, { author: publicKey, body: { contextId, proposalId } }, author) {
    const refusal = refusalToTakePart(state, contextId, author)
    if (refusal !== undefined) return refusal
    const proposal = proposalWith(state.contexts.get(contextId)?.proposals, proposalId)
    if (proposal === undefined) return 'no such proposal waits for approval'
    return proposal.approvals.includes(publicKey) ? 'the author has approved it already' : undefined
  },
  effect(state, op) {
    const { contextId, proposalId } = op.body
    const proposals = state.contexts.get(contextId)?.proposals
    const proposal = proposalWith(proposals, proposalId)
    if (proposals === undefined || proposal === undefined || proposal.approvals.includes(op.author)) return state
    const approved = { ...proposal, approvals: [...proposal.approvals, op.author] }
    const active = proposals.active.map((each) => (each === proposal ? approved : each))
    return settled(state, { ...proposals, active }, op)
  },
}

function refusalToTakePart(state: NamespaceSnapshot, id: ContextId, author: AccountId): string | undefined {
  const context = state.contexts.get(id)
  if (context === undefined) return 'no such context'
  return state.writesIn(context.groupId, author) ? undefined : 'only who may write in the context proposes and approves'
}

function isKnown({ active, done }: ContextProposals, id: Proposal['id']): boolean {
  return active.some((each) => each.id === id) || done.some((each) => each.id === id)
}

/** With the proposal of `op` carried out, where enough have approved it who may write by now. */
function settled(
  state: NamespaceSnapshot,
  proposals: ContextProposals,
  op: OpOf<'proposal_made' | 'proposal_approved'>,
): NamespaceSnapshot {
  const { contextId, proposalId } = op.body
  const context = state.contexts.get(contextId)
  const proposal = proposalWith(proposals, proposalId)
  if (context === undefined || proposal === undefined) return state
  const mayWrite = (account: AccountId) => state.writesIn(context.groupId, account)
  const writers = [...state.members.keys()].filter(mayWrite).length
  const approvals = proposal.approvals.filter((publicKey) => mayWrite(accountOf(publicKey))).length
  const isEnough = approvals > 0 && approvals >= Math.min(proposals.approvalsNeeded, writers)
  return state.withContext({ ...context, proposals: isEnough ? executed(proposals, proposal, op.id) : proposals })
}
