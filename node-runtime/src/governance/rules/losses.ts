// What a change of rows and rights takes from members that stay: the right to write, or what they inherit beneath. It is
// recorded like a removal, so that keys change and deltas on older cuts count no more than what was accepted (`pinsOf`).
import type { AccountId, GroupId } from '../../base/ids.ts'
import type { Operation, PinnedHeads } from '../../base/operations.ts'
import type { NamespaceSnapshot } from '../namespace-snapshot.ts'
import type { Removal, Removed } from '../namespace-state.ts'

export function withRemoval(state: NamespaceSnapshot, who: Removed, removal: Removal): NamespaceSnapshot {
  return state.with({ removals: state.parts.removals.set(who, [...state.removalsOf(who), removal]) })
}

export interface Changed {
  readonly op: Pick<Operation, 'id' | 'hlc'>
  readonly groupId: GroupId
  readonly account: AccountId
  /** Where it may only read from now on. */
  readonly pinned?: PinnedHeads | undefined
}

/** `after`, with what the account has lost by the change of its row in a group. */
export function withLosses(
  before: NamespaceSnapshot,
  after: NamespaceSnapshot,
  { op, groupId, account, pinned }: Changed,
): NamespaceSnapshot {
  const loss = { op: op.id, hlc: op.hlc, groupId }
  if (before.writesIn(groupId, account) && !after.writesIn(groupId, account)) {
    return withRemoval(after, account, { ...loss, how: 'lowered', ...(pinned === undefined ? {} : { pinned }) })
  }
  if (!before.passesDown(groupId, account) || after.passesDown(groupId, account)) return after
  return withRemoval(after, account, { ...loss, how: 'shut beneath' })
}

/** Members by inheritance may have lost the group, because it has closed or moved: all but those who write in it now. */
export function withShut(state: NamespaceSnapshot, groupId: GroupId, { id, hlc }: Changed['op']): NamespaceSnapshot {
  const kept = [...state.members.keys()].filter((account) => state.writesIn(groupId, account))
  return withRemoval(state, groupId, { op: id, hlc, groupId, how: 'shut from above', kept })
}

/** The default of the group has changed: what it had passed down to others than those who have it still is lost. */
export function withDefaultLost(
  state: NamespaceSnapshot,
  groupId: GroupId,
  { id, hlc }: Changed['op'],
): NamespaceSnapshot {
  const rows = state.groups.get(groupId)?.members.keys() ?? []
  const kept = [...rows].filter((account) => state.passesDown(groupId, account))
  return withRemoval(state, groupId, { op: id, hlc, groupId, how: 'shut beneath', kept })
}
