// What a change of rows and rights takes from members that stay: the right to write, or what they inherit beneath. It is
// recorded like a removal, so that keys change and deltas on older cuts count no more than what was accepted (`pinsOf`).
import type { AccountId, GroupId } from '../../base/ids.ts'
import type { MemberRole, Operation, PinnedHeads } from '../../base/operations.ts'
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

/** `changed`, with what the account has lost by the change of its row in a group, or what it has it by from now on. */
export function withLosses(
  before: NamespaceSnapshot,
  changed: NamespaceSnapshot,
  { op, groupId, account, pinned }: Changed,
): NamespaceSnapshot {
  const after = withFoundation(before, changed, { op, groupId, account })
  const loss = { op: op.id, hlc: op.hlc, groupId }
  if (before.writesIn(groupId, account) && !after.writesIn(groupId, account)) {
    return withRemoval(after, account, { ...loss, how: 'lowered', ...(pinned === undefined ? {} : { pinned }) })
  }
  if (!before.passesDown(groupId, account) || after.passesDown(groupId, account)) return after
  return withRemoval(after, account, { ...loss, how: 'shut beneath' })
}

/** What made the row, and what made its member a writer since: by these it is told on which cuts it writes on something void. */
function withFoundation(
  before: NamespaceSnapshot,
  after: NamespaceSnapshot,
  { op, groupId, account }: Changed,
): NamespaceSnapshot {
  const group = after.groups.get(groupId)
  const [had, has] = [before, after].map((state) => state.groups.get(groupId)?.members.get(account))
  const isRaised = had === 'ReadOnly' && has !== 'ReadOnly'
  if (group === undefined || has === undefined || !(had === undefined || isRaised)) return after
  const row = had === undefined ? [] : (group.foundations.get(account) ?? []).slice(0, 1)
  return after.withGroup({ ...group, foundations: group.foundations.set(account, [...row, op.id]) })
}

export interface Given extends Changed {
  readonly role: MemberRole
}

/** Nothing came of `op`, which was to give it a row, or a role: on a cut in which it did, who writes by that goes on to. */
export function withNothingGiven(
  state: NamespaceSnapshot,
  { op: { id, hlc }, groupId, account, role }: Given,
): NamespaceSnapshot {
  const row = state.groups.get(groupId)?.members.get(account)
  if (role === 'ReadOnly' || row === 'Admin' || row === 'Member') return state
  return withRemoval(state, account, { op: id, hlc, groupId, how: 'not given' })
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
