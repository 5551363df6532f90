// Proposals of a context: who makes and approves them. Enough approvals carry one out in the fold itself. An approval is
// of the operation that has proposed: an id that authors choose may be chosen again, and later with an earlier stamp.
import type { AccountId, ContextId, OpId } from '../../base/ids.ts'
import { accountOf } from '../../base/keys.ts'
import type { NamespaceSnapshot } from '../namespace-snapshot.ts'
import type { ContextProposals, ContextRecord, Proposal } from '../namespace-state.ts'
import { executed, NO_PROPOSALS, proposalsNamed, readActions, roomLeft } from '../proposals.ts'
import type { OpOf, Rule } from './rule.ts'

export const proposalMade: Rule<'proposal_made'> = {
  refusal(state, op, author) {
    const { contextId, proposalId, actions } = op.body
    const refusal = refusalToTakePart(state, contextId, author)
    if (refusal !== undefined) return refusal
    const list = readActions(actions)
    if (list === undefined) return 'the actions are none'
    const proposals = state.contexts.get(contextId)?.proposals ?? NO_PROPOSALS
    const known = [...proposals.active, ...proposals.deleted, ...proposals.done]
    if (known.some(({ id }) => id === proposalId)) return 'there is a proposal of this id'
    const unknown = list.some(
      (each) => each.kind === 'DeleteProposal' && proposalsNamed(proposals, each.id).length === 0,
    )
    if (unknown) return 'what it would delete does not wait for approval'
    const values = list.flatMap((each) => (each.kind === 'SetContextValue' ? [each] : []))
    if (values.length > 0 && roomLeft(proposals.values, values) < 0) return 'there is no room for so many values'
    if (isWithdrawal(proposals, op)) return undefined
    if (proposals.active.filter((each) => each.author === op.author).length < proposals.activeMax) return undefined
    return `${proposals.activeMax} proposals of the author wait for approval already`
  },
  // No cap here: who forks could push out its own that others have approved by now.
  effect(state, op) {
    const { contextId, proposalId: id, actions } = op.body
    const context = state.contexts.get(contextId)
    if (context === undefined) return state
    const proposals = context.proposals ?? NO_PROPOSALS
    const made = { op: op.id, id, author: op.author, actions, madeHlc: op.hlc, approvals: [op.author] }
    if (isWithdrawal(proposals, op)) return withProposals(state, context, executed(proposals, made, op.id))
    const after = { ...proposals, active: [...proposals.active, made] }
    return withProposals(state, context, settled(state, { context, proposals: after, by: op.id }))
  },
}

export const proposalApproved: Rule<'proposal_approved'> = {
  refusal(state, { author: publicKey, body: { contextId, proposal: made } }, author) {
    const refusal = refusalToTakePart(state, contextId, author)
    if (refusal !== undefined) return refusal
    const proposal = state.contexts.get(contextId)?.proposals?.active.find(({ op }) => op === made)
    if (proposal === undefined) return 'no such proposal waits for approval'
    return proposal.approvals.includes(publicKey) ? 'this member has approved it already' : undefined
  },
  effect(state, { id: by, author, body: { contextId, proposal: made } }) {
    const context = state.contexts.get(contextId)
    const proposals = context?.proposals
    if (context === undefined || proposals === undefined) return state
    const approve = (each: Proposal): Proposal =>
      each.op === made && !each.approvals.includes(author) ? { ...each, approvals: [...each.approvals, author] } : each
    const after = { ...proposals, active: proposals.active.map(approve), deleted: proposals.deleted.map(approve) }
    // Who approved it had not heard that it was deleted: its author alone cannot take back, with an earlier stamp, what
    // others have approved.
    const deleted = after.deleted.find(({ op }) => op === made)
    const isDone =
      deleted !== undefined && hasEnough(state, context, { proposal: deleted, needed: after.approvalsNeeded })
    const carried = isDone ? executed(after, deleted, by) : after
    return withProposals(state, context, settled(state, { context, proposals: carried, by }))
  },
}

/** Who may write has changed by the operation `by`: what waits is judged again, in every context. */
export function settledAfter(state: NamespaceSnapshot, by: OpId): NamespaceSnapshot {
  let after = state
  for (const context of state.contexts.values()) {
    const { proposals } = context
    if (proposals === undefined || proposals.active.length + proposals.deleted.length === 0) continue
    after = withProposals(after, context, settled(state, { context, proposals, by }))
  }
  return after
}

function refusalToTakePart(state: NamespaceSnapshot, id: ContextId, author: AccountId): string | undefined {
  const context = state.contexts.get(id)
  if (context === undefined) return 'no such context'
  return state.writesIn(context.groupId, author) ? undefined : 'only who may write in the context proposes and approves'
}

/** It does nothing but delete what its author has proposed, or what waits no longer: that needs nobody else. */
function isWithdrawal(proposals: ContextProposals, { author, body }: OpOf<'proposal_made'>): boolean {
  return (readActions(body.actions) ?? []).every(
    (each) =>
      each.kind === 'DeleteProposal' && proposalsNamed(proposals, each.id).every((named) => named.author === author),
  )
}

interface Judged {
  readonly context: ContextRecord
  readonly proposals: ContextProposals
  /** What may have brought enough. */
  readonly by: OpId
}

/** Without those whose authors may not write any more; and carried out, the oldest first, what has enough approvals. */
function settled(state: NamespaceSnapshot, { context, proposals, by }: Judged): ContextProposals {
  const stays = ({ author }: Proposal) => state.writesIn(context.groupId, accountOf(author))
  let after: ContextProposals = {
    ...proposals,
    active: proposals.active.filter(stays),
    deleted: proposals.deleted.filter(stays),
  }
  for (;;) {
    const needed = after.approvalsNeeded
    const next = after.active.find((proposal) => hasEnough(state, context, { proposal, needed }))
    if (next === undefined) return after
    after = executed(after, next, by)
  }
}

function hasEnough(
  state: NamespaceSnapshot,
  { groupId }: ContextRecord,
  { proposal, needed }: { readonly proposal: Proposal; readonly needed: number },
): boolean {
  const mayWrite = (account: AccountId) => state.writesIn(groupId, account)
  const approvals = proposal.approvals.filter((publicKey) => mayWrite(accountOf(publicKey))).length
  if (approvals === 0 || approvals >= needed) return approvals > 0
  return approvals >= [...state.members.keys()].filter(mayWrite).length
}

function withProposals(
  state: NamespaceSnapshot,
  context: ContextRecord,
  proposals: ContextProposals,
): NamespaceSnapshot {
  return state.withContext({ ...context, proposals })
}
