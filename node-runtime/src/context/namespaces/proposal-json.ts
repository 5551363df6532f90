// Proposals as clients of older applications read and write their actions: `{scope, params}`.
import type { Bytes } from '../../base/bytes.ts'
import { idBase58 } from '../../base/ids.ts'
import type { ContextRecord, DoneProposal } from '../../governance/namespace-state.ts'
import { type ProposalAction, readActions } from '../../governance/proposals.ts'
import type { GroupEvent } from '../ports.ts'

export interface ActionJson {
  readonly scope: ProposalAction['kind']
  readonly params: Readonly<Record<string, unknown>>
}

export function actionsJson(actions: Bytes): ActionJson[] {
  return (readActions(actions) ?? []).map((action) => ({ scope: action.kind, params: paramsOf(action) }))
}

function paramsOf(action: ProposalAction): ActionJson['params'] {
  switch (action.kind) {
    case 'ExternalFunctionCall': {
      const { receiver, method, args, deposit } = action
      return { receiver_id: receiver, method_name: method, args, deposit: numberOf(deposit) }
    }
    case 'Transfer':
      return { receiver_id: action.receiver, amount: numberOf(action.amount) }
    case 'SetNumApprovals':
      return { num_approvals: action.count }
    case 'SetActiveProposalsLimit':
      return { active_proposals_limit: action.count }
    case 'SetContextValue':
      return { key: [...action.key], value: [...action.value] }
    case 'DeleteProposal':
      return { proposal_id: idBase58(action.id) }
  }
}

/** Exact in JSON, however large. */
function numberOf(amount: bigint): unknown {
  return amount <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(amount) : JSON.rawJSON(String(amount))
}

/** That a proposal was carried out. */
export function executionOf({ id, groupId }: ContextRecord, done: DoneProposal): GroupEvent {
  const { left } = done
  const ids = { contextId: idBase58(id), proposalId: idBase58(done.id), authorId: idBase58(done.author) }
  const data = { ...ids, actions: actionsJson(done.actions), ...(left === undefined ? {} : { left }) }
  return { groupId, type: 'ProposalExecuted', data }
}
