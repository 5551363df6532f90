// Groups, the namespace itself included: how they are made, moved, closed and deleted.
import { type Bytes, toHex } from '../../base/bytes.ts'
import type { AccountId, ApplicationId, KeyId } from '../../base/ids.ts'
import { accountOf } from '../../base/keys.ts'
import { groupIdOf, namespaceIdOf } from '../../base/operations.ts'
import { CAPABILITY, DEFAULT_CAPABILITIES } from '../capabilities.ts'
import { GROUP_DEPTH_MAX } from '../limits.ts'
import type { NamespaceSnapshot } from '../namespace-snapshot.ts'
import { NO_REMOVALS } from '../namespace-state.ts'
import { emptyGroup, type GroupRecord } from '../snapshot-parts.ts'
import { withShut } from './losses.ts'
import { hasBit, isAdmin } from './members.ts'
import { namedBy, type Rule } from './rule.ts'

export const namespaceCreated: Rule<'namespace_created'> = {
  refusal(state, { author, body: { admin, salt } }, account) {
    if (namespaceIdOf(author, salt) !== state.namespaceId) return 'the namespace is not the author’s'
    if (admin.publicKey !== author || admin.account !== account) return 'the first admin is not the author'
    return state.root === undefined ? undefined : 'the namespace exists'
  },
  effect(state, op) {
    if (state.root !== undefined) return state
    const { author, hlc, body } = op
    const root = newGroup({
      id: state.namespaceId,
      applicationId: body.applicationId,
      creator: author,
      visibility: 'restricted',
      keyId: body.keyId,
      covers: NO_REMOVALS,
      ...namedBy(op, body.name),
    })
    return state
      .with({ createdHlc: hlc })
      .withGroup(root)
      .withRow(root.id, body.admin.account, 'Admin', { ...body.admin, joinedHlc: hlc })
  },
}

export const groupCreated: Rule<'group_created'> = {
  refusal(state, { author, body: { groupId, parentId, salt } }, account) {
    if (groupIdOf(state.namespaceId, author, salt) !== groupId) return 'the group id is not made from author and salt'
    if (!state.groups.has(parentId)) return 'no such parent group'
    if (state.groups.has(groupId)) return 'the group exists'
    if (state.parts.gone.has(groupId)) return 'the group was deleted'
    if (state.depthOf(parentId) + 1 >= GROUP_DEPTH_MAX) return `groups nest at most ${GROUP_DEPTH_MAX} deep`
    const atRoot = parentId === state.namespaceId
    const may =
      isAdmin(state, state.namespaceId, account) ||
      (atRoot && hasBit(state, parentId, account, CAPABILITY.createSubgroup))
    return may ? undefined : 'the author may not create groups here'
  },
  effect(state, op, account) {
    const { author, body } = op
    const { groupId, parentId, keyId, covers, name, visibility } = body
    const parent = state.groups.get(parentId)
    if (parent === undefined || state.groups.has(groupId) || state.parts.gone.has(groupId)) return state
    // Concurrent moves may have put the parent deeper than its author saw it.
    if (state.depthOf(parentId) + 1 >= GROUP_DEPTH_MAX) return state
    const { applicationId } = parent
    const named = namedBy(op, name)
    const group = newGroup({
      id: groupId,
      parentId,
      applicationId,
      creator: author,
      visibility,
      keyId,
      covers,
      ...named,
    })
    return state.withGroup(group).withRow(groupId, account, 'Admin')
  },
}

type NewGroup = Pick<GroupRecord, 'id' | 'parentId' | 'creator' | 'visibility' | 'metadata'> & {
  readonly applicationId: ApplicationId
  readonly keyId: KeyId
  readonly covers: Bytes
}

function newGroup({ keyId, covers, ...facts }: NewGroup): GroupRecord {
  return {
    ...facts,
    ...emptyGroup(),
    defaultCapabilities: DEFAULT_CAPABILITIES,
    keys: [{ keyId, covers: toHex(covers) }],
  }
}

export const visibilitySet: Rule<'visibility_set'> = {
  refusal(state, { body: { groupId } }, account) {
    if (!state.groups.has(groupId)) return 'no such group'
    return hasBit(state, groupId, account, CAPABILITY.manageVisibility)
      ? undefined
      : 'the author may not set visibility'
  },
  effect(state, op) {
    const { groupId, visibility } = op.body
    const group = state.groups.get(groupId)
    if (group === undefined || group.visibility === visibility) return state
    const after = state.withGroup({ ...group, visibility })
    return visibility === 'restricted' ? withShut(after, groupId, op) : after
  },
}

export const groupMoved: Rule<'group_moved'> = {
  refusal(state, { body: { groupId, parentId } }, account) {
    const group = state.groups.get(groupId)
    if (group === undefined) return 'no such group'
    if (group.parentId === undefined) return 'the namespace stays where it is'
    if (!isAdmin(state, state.namespaceId, account)) return 'only an admin of the namespace moves groups'
    if (group.parentId === parentId) return 'the group is there already'
    return misplaced(state, group, parentId)
  },
  effect(state, op) {
    const { groupId, parentId } = op.body
    const group = state.groups.get(groupId)
    if (group === undefined || group.parentId === parentId) return state
    if (misplaced(state, group, parentId) !== undefined) return state
    // Also of a closed one: it may have been opened elsewhere before anybody knew of this.
    return withShut(state.withGroup({ ...group, parentId }), groupId, op)
  },
}

/** Why the group cannot be beneath that parent. */
function misplaced(state: NamespaceSnapshot, group: GroupRecord, parentId: GroupRecord['id']): string | undefined {
  if (!state.groups.has(parentId)) return 'no such parent group'
  if (state.pathUp(parentId).includes(group.id)) return 'a group cannot be beneath itself'
  const depth = state.depthOf(parentId) + 1 + state.heightOf(group.id)
  return depth >= GROUP_DEPTH_MAX ? `groups nest at most ${GROUP_DEPTH_MAX} deep` : undefined
}

export const groupDeleted: Rule<'group_deleted'> = {
  refusal(state, { body: { groupId } }, account) {
    const group = state.groups.get(groupId)
    if (group === undefined) return 'no such group'
    if (group.parentId === undefined) return 'the namespace itself is not deleted'
    const may = isOwner(state, group, account) || hasBit(state, state.namespaceId, account, CAPABILITY.deleteSubgroup)
    return may ? undefined : 'the author may not delete the group'
  },
  effect(state, { hlc, body: { groupId } }) {
    return groupId === state.namespaceId ? state : state.withoutGroups(groupId, hlc)
  },
}

/** Owners who were removed from the namespace own nothing in it. */
function isOwner(state: NamespaceSnapshot, group: GroupRecord, account: AccountId): boolean {
  return accountOf(group.creator) === account && isAdmin(state, group.id, account)
}
