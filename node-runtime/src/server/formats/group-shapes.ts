// What groups, namespaces and their members look like in answers, and how a request names them.
import { Type } from 'typebox'
import { type AccountId, type GroupId, idBase58, type PublicKey, parseHexId } from '../../base/ids.ts'
import { accountOf } from '../../base/keys.ts'
import { ROLES, type Role } from '../../base/operations.ts'
import { ContextError } from '../../context/errors.ts'
import { progressOf } from '../../context/namespaces/code/upgrades.ts'
import { versionOf } from '../../context/namespaces/code/versions.ts'
import type { Namespace } from '../../context/namespaces/namespace.ts'
import type { GroupState, MetadataRecord, NamespaceState } from '../../governance/namespace-state.ts'
import { ServerError } from '../errors.ts'
import type { NodeServices } from '../ports.ts'
import { base58IdOf } from './encodings.ts'
import { Base58, Count, Hex32 } from './shapes.ts'

export const ByNamespace = Type.Object({ ns: Type.String() })
export const ByGroup = Type.Object({ gid: Type.String() })
export const ByMember = Type.Object({ gid: Type.String(), account: Type.String() })
export const ByContextOf = Type.Object({ gid: Type.String(), ctx: Type.String() })

const Nullable = (schema: ReturnType<typeof Type.Integer>) => Type.Union([schema, Type.Null()])

export const NamespaceShape = Type.Object({
  namespaceId: Hex32,
  appKey: Hex32,
  targetApplicationId: Base58,
  createdAt: Count,
  memberCount: Count,
  contextCount: Count,
  subgroupCount: Count,
  name: Type.Optional(Type.String()),
  appVersion: Type.Optional(Type.String()),
})

export const RecordShape = Type.Object({
  name: Type.Union([Type.String(), Type.Null()]),
  data: Type.Record(Type.String(), Type.String()),
  updatedAt: Count,
  updatedBy: Base58,
})

const Progress = {
  status: Type.Union([Type.Literal('in_progress'), Type.Literal('completed')]),
  localContextsTotal: Nullable(Count),
  localContextsSwapped: Nullable(Count),
  localContextsFailed: Nullable(Count),
}

export const UpgradeStarted = Type.Object({ groupId: Hex32, ...Progress })

export const UpgradeShape = Type.Object({
  fromVersion: Type.String(),
  toVersion: Type.String(),
  initiatedAt: Count,
  initiatedBy: Base58,
  ...Progress,
  completedAt: Nullable(Count),
})

export const GroupShape = Type.Object({
  groupId: Hex32,
  appKey: Hex32,
  targetApplicationId: Base58,
  memberCount: Count,
  contextCount: Count,
  activeUpgrade: Type.Optional(UpgradeShape),
  defaultCapabilities: Count,
  subgroupVisibility: Type.Union([Type.Literal('open'), Type.Literal('restricted')]),
  metadata: Type.Optional(RecordShape),
  groupStateHash: Hex32,
  governanceHeads: Type.Array(Hex32),
})

export const GroupRow = Type.Object({ groupId: Hex32, name: Type.Optional(Type.String()) })

/** A group of this node. Throws IdError, GROUP_NOT_FOUND. */
export function groupOf(
  node: NodeServices,
  gid: string,
): { namespace: Namespace; group: GroupState; groupId: GroupId } {
  const groupId = parseHexId<GroupId>(gid)
  const namespace = node.namespaces.ofGroup(groupId)
  const group = namespace.state.groups.get(groupId)
  if (!group) throw new ContextError('GROUP_NOT_FOUND', `group ${groupId} is not known to this node`)
  return { namespace, group, groupId }
}

/** One that this node’s member is in. Throws NOT_A_MEMBER besides. */
export function ownGroupOf(node: NodeServices, gid: string): ReturnType<typeof groupOf> {
  const found = groupOf(node, gid)
  if (found.namespace.isOwnMember(found.groupId)) return found
  throw new ContextError('NOT_A_MEMBER', `this node is no member of group ${found.groupId}`)
}

/** By account, or by the key of its member. Throws IdError. */
export function accountIn(text: string): AccountId {
  return /^[0-9a-fA-F]{64}$/.test(text)
    ? parseHexId<AccountId>(text)
    : accountOf(base58IdOf<PublicKey>(text, 'account, nor the key of a member'))
}

/** A member of the group, by inheritance, too. Throws IdError, ServerError NOT_FOUND. */
export function memberIn({ state }: Namespace, groupId: GroupId, text: string): AccountId {
  const account = parseHexId<AccountId>(text)
  if (state.roleIn(groupId, account) !== undefined) return account
  throw new ServerError('NOT_FOUND', `account ${account} is no member of group ${groupId}`)
}

export function roleIn(text: string): Role {
  const role = ROLES.find((known) => known === text)
  if (role) return role
  throw new ServerError('BAD_REQUEST', `role is one of ${ROLES.join(', ')}, not ${JSON.stringify(text.slice(0, 40))}`)
}

/** A restricted group is nobody's business but its members' and those who administer its parent. */
export function showsTo(state: NamespaceState, group: GroupState, account: AccountId): boolean {
  if (group.visibility === 'open' || state.roleIn(group.id, account) !== undefined) return true
  return group.parentId !== undefined && state.roleIn(group.parentId, account) === 'Admin'
}

export function rowOf({ id, metadata }: GroupState): object {
  return { groupId: id, ...nameOf(metadata) }
}

export function nameOf(metadata: MetadataRecord | undefined): { readonly name?: string } {
  return metadata?.name === undefined ? {} : { name: metadata.name }
}

export function recordJson(metadata: MetadataRecord): object {
  return {
    name: metadata.name ?? null,
    data: Object.fromEntries(metadata.fields),
    updatedAt: Number(metadata.updatedHlc / 1_000_000n),
    updatedBy: idBase58(metadata.updatedBy),
  }
}

export function membersOf({ state }: Namespace, groupId: GroupId) {
  const group = state.groups.get(groupId)
  return [...state.members.values()].flatMap((member) => {
    const role = state.roleIn(groupId, member.account)
    return role === undefined ? [] : [{ member, role, metadata: group?.memberMetadata.get(member.account) }]
  })
}

export function contextsOf({ state }: Namespace, groupId: GroupId): { contextId: string; name?: string }[] {
  const contexts = [...(state.groups.get(groupId)?.contexts.values() ?? [])]
  return contexts.map(({ id, metadata }) => ({ contextId: idBase58(id), ...nameOf(metadata) }))
}

/** The key of an application is the blob of its code. */
function applicationJson({ state, id }: Namespace, { applicationId }: GroupState): object {
  return {
    appKey: state.applications.get(applicationId)?.blobId ?? id,
    targetApplicationId: idBase58(applicationId),
  }
}

export function namespaceJson(namespace: Namespace): object {
  const { state, id } = namespace
  const root = state.groups.get(id)
  if (!root) throw new ContextError('NAMESPACE_NOT_FOUND', `namespace ${id} is not known to this node`)
  const version = state.applications.get(root.applicationId)?.version
  return {
    namespaceId: id,
    ...applicationJson(namespace, root),
    createdAt: Math.floor(state.createdAtMs / 1000),
    memberCount: state.members.size,
    contextCount: state.contexts.size,
    subgroupCount: state.groups.size - 1,
    ...nameOf(root.metadata),
    ...(version === undefined ? {} : { appVersion: version }),
  }
}

export function summaryJson(namespace: Namespace, group: GroupState): object {
  return {
    groupId: group.id,
    ...applicationJson(namespace, group),
    memberCount: membersOf(namespace, group.id).length,
    contextCount: group.contexts.size,
  }
}

export function groupJson(node: NodeServices, namespace: Namespace, group: GroupState): object {
  const upgrade = upgradeJson(node, namespace, group.id)
  return {
    ...summaryJson(namespace, group),
    ...(upgrade === undefined ? {} : { activeUpgrade: upgrade }),
    defaultCapabilities: group.defaultCapabilities,
    subgroupVisibility: group.visibility,
    ...(group.metadata === undefined ? {} : { metadata: recordJson(group.metadata) }),
    groupStateHash: namespace.state.groupStateHash(group.id),
    governanceHeads: namespace.heads(),
  }
}

/** Undefined for a group that was never upgraded. */
export function upgradeJson(node: NodeServices, namespace: Namespace, groupId: GroupId) {
  const progress = progressOf(node, namespace, groupId)
  if (progress === undefined) return undefined
  const { upgrade, total, swapped, failed } = progress
  const isDone = swapped === total
  return {
    fromVersion: versionOf(namespace.state, upgrade.from),
    toVersion: versionOf(namespace.state, upgrade.to),
    initiatedAt: Number(upgrade.hlc / 1_000_000_000n),
    initiatedBy: idBase58(upgrade.by),
    status: isDone ? ('completed' as const) : ('in_progress' as const),
    localContextsTotal: isDone ? null : total,
    localContextsSwapped: isDone ? null : swapped,
    localContextsFailed: isDone ? null : failed,
    completedAt: null,
  }
}
