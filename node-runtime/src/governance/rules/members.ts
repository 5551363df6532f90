// Members: how they come, change and go.
import { toHex } from '../../base/bytes.ts'
import type { AccountId, GroupId, PublicKey } from '../../base/ids.ts'
import { accountOf } from '../../base/keys.ts'
import { type PinnedHeads, ROLES, type Role } from '../../base/operations.ts'
import { CAPABILITY } from '../capabilities.ts'
import type { NamespaceSnapshot } from '../namespace-snapshot.ts'
import type { Removal } from '../namespace-state.ts'
import { contextsOf } from '../removal-pins.ts'
import type { GroupRecord } from '../snapshot-parts.ts'
import { withDefaultLost, withLosses, withNothingGiven, withRemoval } from './losses.ts'
import type { OpOf, Rule } from './rule.ts'

const NS_PER_SEC = 1_000_000_000n
/** Of what else might be made of such a member. */
const ATTESTED = 'an attested member reads all groups, and is nothing else'

export function isAdmin(state: NamespaceSnapshot, groupId: GroupId, account: AccountId): boolean {
  return state.roleIn(groupId, account) === 'Admin'
}

export function hasBit(state: NamespaceSnapshot, groupId: GroupId, account: AccountId, bit: number): boolean {
  return (state.capabilitiesIn(groupId, account) & bit) !== 0
}

export const memberJoined: Rule<'member_joined'> = {
  refusal(state, { author, hlc, body: { invitation, member } }, account) {
    if (member.publicKey !== author || member.account !== account) return 'the joiner is not the author'
    if (invitation.namespaceId !== state.namespaceId) return 'the invitation is to another namespace'
    const group = state.groups.get(invitation.groupId)
    if (group === undefined) return 'no such group'
    if (hlc >= invitation.expiresAtSec * NS_PER_SEC) return 'the invitation has expired'
    const inviter = accountOf(invitation.inviter)
    if (!hasBit(state, group.id, inviter, CAPABILITY.inviteMembers)) return 'the inviter may not invite to the group'
    if (invitation.role === 'Admin' && !isAdmin(state, group.id, inviter)) return 'only an admin invites admins'
    if (group.members.has(account)) return 'already a member of the group'
    if (state.isAttested(account)) return ATTESTED
    if (wasRemoved(group, account) || wasRemoved(state.root, account)) return 'removed: only an addition lifts that'
    const known = state.parts.members.get(account) ?? state.parts.former.get(account)
    if (known?.usedInvitations.includes(toHex(invitation.salt))) return 'the account has used this invitation'
    return undefined
  },
  effect(state, op) {
    const { invitation, member } = op.body
    const group = state.groups.get(invitation.groupId)
    if (group === undefined || state.isAttested(member.account)) return state
    const given = { op, groupId: group.id, account: member.account, role: invitation.role }
    if (group.members.has(member.account)) return withNothingGiven(state, given)
    if (wasRemoved(group, member.account) || wasRemoved(state.root, member.account)) return state
    const known = state.parts.members.get(member.account) ?? state.parts.former.get(member.account)
    const keys = { ...member, joinedHlc: known?.joinedHlc ?? op.hlc }
    const joined = state.withRow(group.id, member.account, invitation.role, keys)
    const record = joined.members.get(member.account)
    if (record === undefined) return state
    const usedInvitations = [...record.usedInvitations, toHex(invitation.salt)]
    const after = joined.with({ members: joined.members.set(member.account, { ...record, usedInvitations }) })
    return withLosses(state, after, given)
  },
}

export function wasRemoved(group: GroupRecord | undefined, account: AccountId): boolean {
  return group?.departed.get(account)?.how === 'removed'
}

export const memberAdded: Rule<'member_added'> = {
  refusal(state, { body: { groupId, account, role } }, author) {
    const group = state.groups.get(groupId)
    if (group === undefined) return 'no such group'
    if (!hasBit(state, groupId, author, CAPABILITY.manageMembers)) return 'the author may not manage members'
    if (role === 'Admin' && !isAdmin(state, groupId, author)) return 'only an admin adds admins'
    if (group.members.has(account)) return 'already a member of the group'
    if (state.isAttested(account)) return ATTESTED
    if (!isAddable(state, groupId, account)) return 'no member of the namespace'
    return undefined
  },
  effect(state, op) {
    const { groupId, account, role } = op.body
    if (state.isAttested(account)) return state
    if (!isAddable(state, groupId, account)) return withNothingGiven(state, { op, groupId, account, role })
    return withLosses(state, state.withRow(groupId, account, role), { op, groupId, account })
  },
}

/** To the namespace: whoever has been in it. To a group: whoever is in it. */
function isAddable(state: NamespaceSnapshot, groupId: GroupId, account: AccountId): boolean {
  return state.members.has(account) || (groupId === state.namespaceId && state.parts.former.has(account))
}

export const memberRemoved: Rule<'member_removed'> = {
  refusal(state, { author: key, body: { groupId, account, pinned = {} } }, author) {
    const group = state.groups.get(groupId)
    if (group === undefined) return 'no such group'
    if (accountOf(group.creator) === account) return 'the owner of a group stays in it'
    if (!mayPin(state, pinned, key)) return 'it pins what is not the author’s to write'
    const isRoot = groupId === state.namespaceId
    const hasRow = isRoot ? state.members.has(account) : group.members.has(account)
    if (account === author) return hasRow ? undefined : 'not a direct member of the group'
    if (!hasRow && state.roleIn(groupId, account) === undefined) return 'no member of the group'
    if (!hasBit(state, groupId, author, CAPABILITY.manageMembers)) return 'the author may not manage members'
    if (isAdmin(state, groupId, account) && !isAdmin(state, groupId, author)) return 'only an admin removes admins'
    return undefined
  },
  effect(state, op, author) {
    const { groupId, account, pinned } = op.body
    const group = state.groups.get(groupId)
    if (group === undefined) return state
    const how = account === author ? 'left' : 'removed'
    const removal: Removal = { op: op.id, hlc: op.hlc, groupId, how, ...(pinned === undefined ? {} : { pinned }) }
    let after = withRemoval(state, account, removal).withGroup({
      ...group,
      departed: group.departed.set(account, removal),
    })
    // Leaving the namespace is leaving every group of it.
    const groups = groupId === state.namespaceId ? [...state.groups.keys()] : [groupId]
    for (const id of groups) after = after.withoutRow(id, account)
    return after
  },
  revokes: (_state, op) => op.body.account,
}

/** For writers of a context pruning waits: what they have accepted and say so is nowhere pruned away before. */
function mayPin(state: NamespaceSnapshot, pinned: PinnedHeads, author: PublicKey): boolean {
  return contextsOf(pinned).every((id) => state.canWrite(id, author))
}

export const roleSet: Rule<'role_set'> = {
  refusal(state, { author: key, body: { groupId, account, role, pinned = {} } }, author) {
    const group = state.groups.get(groupId)
    if (group === undefined) return 'no such group'
    if (!isAdmin(state, groupId, author)) return 'only an admin sets roles'
    if (!group.members.has(account)) return 'not a direct member of the group'
    if (state.isAttested(account)) return ATTESTED
    if (role !== 'Admin' && accountOf(group.creator) === account) return 'the owner of a group stays its admin'
    if (role !== 'ReadOnly' && contextsOf(pinned).length > 0) return 'it pins what a writer goes on to write'
    return mayPin(state, pinned, key) ? undefined : 'it pins what is not the author’s to write'
  },
  effect(state, op) {
    const { groupId, account, role, pinned } = op.body
    if (state.isAttested(account)) return state
    if (!state.groups.get(groupId)?.members.has(account)) return withNothingGiven(state, { op, groupId, account, role })
    return withLosses(state, state.withRow(groupId, account, role), { op, groupId, account, pinned })
  },
  revokes(state, { body: { groupId, account, role } }: OpOf<'role_set'>) {
    const before = state.groups.get(groupId)?.members.get(account)
    return before !== undefined && before !== 'ReadOnlyTee' && rank(role) < rank(before) ? account : undefined
  },
}

function rank(role: Role): number {
  return ROLES.length - ROLES.indexOf(role)
}

export const capabilitiesSet: Rule<'capabilities_set'> = {
  refusal(state, { body: { groupId, account } }, author) {
    const group = state.groups.get(groupId)
    if (group === undefined) return 'no such group'
    if (!isAdmin(state, groupId, author)) return 'only an admin sets capabilities'
    if (account !== undefined && !group.members.has(account)) return 'not a direct member of the group'
    return account !== undefined && state.isAttested(account) ? ATTESTED : undefined
  },
  effect(state, op) {
    const { groupId, account, capabilities } = op.body
    const group = state.groups.get(groupId)
    if (group === undefined) return state
    if (account === undefined) {
      const after = state.withGroup({ ...group, defaultCapabilities: capabilities })
      const isLost = (group.defaultCapabilities & ~capabilities & CAPABILITY.joinOpenSubgroups) !== 0
      return isLost ? withDefaultLost(after, groupId, op) : after
    }
    if (!group.members.has(account)) return state
    const after = state.withGroup({ ...group, capabilities: group.capabilities.set(account, capabilities) })
    return withLosses(state, after, { op, groupId, account })
  },
}
