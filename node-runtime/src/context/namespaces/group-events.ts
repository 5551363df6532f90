// What clients hear of a group: those operations of which something has come.
import type { AccountId, GroupId } from '../../base/ids.ts'
import type { OpBody } from '../../base/operations.ts'
import type { GroupState, NamespaceState } from '../../governance/namespace-state.ts'
import type { SignedOp } from '../../wire/op.ts'
import type { GroupEvent } from '../ports.ts'
import { executionsBy } from './proposal-json.ts'
import { startOf } from './versions.ts'

/** `state` is that after all of `ops`: who was removed at once, or never stood, has not come. */
export function groupEventsOf(ops: readonly SignedOp[], state: NamespaceState): GroupEvent[] {
  return ops.flatMap((op) => {
    switch (op.body.kind) {
      case 'application_set':
        return upgradesBy(op, state)
      case 'proposal_made':
      case 'proposal_approved':
        return executionsBy(op.id, state)
      default:
        return memberChange(op.body, state)
    }
  })
}

/**
 * Of groups without contexts to upgrade, in the order of their ids: where there are some, the upgrade begins once its
 * code is here (`residence.ts`).
 */
function upgradesBy({ author, hlc }: SignedOp, state: NamespaceState): GroupEvent[] {
  const isOf = ({ upgrade }: GroupState) => upgrade?.hlc === hlc && upgrade.by === author
  return [...state.groups.values()].filter(isOf).flatMap(({ id, upgrade, contexts }): GroupEvent[] => {
    if (upgrade === undefined) return []
    if ([...contexts.values()].some(({ applicationId }) => applicationId === upgrade.to)) return []
    return [{ groupId: id, type: 'MigrationStarted', data: startOf(state, upgrade, 0) }]
  })
}

function memberChange(body: OpBody, state: NamespaceState): GroupEvent[] {
  const told = toldBy(body)
  if (told === undefined) return []
  const { groupId, account, type } = told
  const role = state.groups.get(groupId)?.members.get(account)
  if (type === 'MemberRemoved') return role === undefined ? [{ groupId, type, data: { memberAccount: account } }] : []
  return role === undefined ? [] : [{ groupId, type, data: { memberAccount: account, role } }]
}

interface Told {
  readonly groupId: GroupId
  readonly account: AccountId
  readonly type: 'MemberJoined' | 'MemberAdded' | 'MemberRemoved'
}

function toldBy(body: OpBody): Told | undefined {
  switch (body.kind) {
    case 'member_joined':
      return { groupId: body.invitation.groupId, account: body.member.account, type: 'MemberJoined' }
    case 'member_added':
      return { groupId: body.groupId, account: body.account, type: 'MemberAdded' }
    case 'member_removed':
      return { groupId: body.groupId, account: body.account, type: 'MemberRemoved' }
    default:
      return undefined
  }
}
