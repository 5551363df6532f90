// Namespaces and their groups: create, invite, join, look at. A namespace is its root group.
import { Type } from 'typebox'
import { type GroupId, idBase58, type NamespaceId, parseHexId } from '../../base/ids.ts'
import { ContextError } from '../../context/errors.ts'
import type { Namespace } from '../../context/namespaces/namespace.ts'
import { InvitationJson, invitationFromJson, invitationToJson, pageOf } from '../encodings.ts'
import { ServerError } from '../errors.ts'
import { Text } from '../fields.ts'
import { INVITATION_LIFETIME_SEC, INVITATION_LIFETIME_SEC_MAX, NAME_BYTES_MAX } from '../limits.ts'
import { installedId } from '../lookups.ts'
import type { NodeServices } from '../ports.ts'
import { NoBody, NoFields, Page, type Route, route } from '../route.ts'

const ByNamespace = Type.Object({ ns: Type.String() })
const ByGroup = Type.Object({ gid: Type.String() })
const OptionalName = Type.Optional(Type.Union([Text(NAME_BYTES_MAX), Type.Null()]))

/** Absent, `null` or an object with these fields. */
const InviteBody = Type.Union([
  Type.Null(),
  Type.Object({
    /** A lifetime in seconds, despite its name. */
    expirationTimestamp: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: INVITATION_LIFETIME_SEC_MAX }), Type.Null()]),
    ),
    recursive: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  }),
])

function namespaceJson(namespace: Namespace): object {
  const { state, id } = namespace
  const application = state.applicationId
  const known = application === undefined ? undefined : state.applications.get(application)
  return {
    namespaceId: id,
    appKey: known?.blobId ?? id,
    targetApplicationId: application === undefined ? '' : idBase58(application),
    createdAt: Math.floor(state.createdAtMs / 1000),
    memberCount: state.members.size,
    contextCount: state.contexts.size,
    subgroupCount: state.groups.size - 1,
    ...(state.name === undefined ? {} : { name: state.name }),
  }
}

function groupJson(namespace: Namespace, groupId: GroupId): object {
  const { state } = namespace
  const group = state.groups.get(groupId)
  if (!group) throw new ContextError('GROUP_NOT_FOUND', `group ${groupId} is not known to this node`)
  const application = state.applicationId
  const known = application === undefined ? undefined : state.applications.get(application)
  return {
    groupId,
    appKey: known?.blobId ?? namespace.id,
    targetApplicationId: application === undefined ? '' : idBase58(application),
    memberCount: membersOf(namespace, groupId).length,
    contextCount: [...state.contexts.values()].filter((context) => context.groupId === groupId).length,
    defaultCapabilities: group.defaultCapabilities,
    subgroupVisibility: group.visibility,
    groupStateHash: state.groupStateHash(groupId),
    governanceHeads: namespace.heads(),
    ...(group.metadata?.name === undefined ? {} : { metadata: { name: group.metadata.name, data: {} } }),
  }
}

function membersOf(namespace: Namespace, groupId: GroupId) {
  const { state } = namespace
  return [...state.members.keys()].flatMap((account) => {
    const role = state.roleIn(groupId, account)
    return role === undefined ? [] : [{ identity: account, role }]
  })
}

function invite(
  node: NodeServices,
  groupId: GroupId,
  body: { expirationTimestamp?: number | null; recursive?: boolean | null } | null,
) {
  const options = { lifetimeSec: body?.expirationTimestamp ?? INVITATION_LIFETIME_SEC, role: 'Member' as const }
  const { state } = node.namespaces.ofGroup(groupId)
  const named = (id: GroupId) => {
    const name = state.groups.get(id)?.metadata?.name
    return name === undefined ? {} : { groupName: name }
  }
  const one = (id: GroupId) => ({ invitation: invitationToJson(node.namespaces.invite(id, options)), ...named(id) })
  if (body?.recursive !== true) return { data: one(groupId) }
  const subtree = [...state.groups.values()].filter((group) => isWithin(state.groups, group.id, groupId))
  return { data: { invitations: subtree.map((group) => ({ groupId: group.id, ...one(group.id) })) } }
}

function isWithin(groups: ReadonlyMap<GroupId, { parentId?: GroupId }>, id: GroupId, top: GroupId): boolean {
  for (let at: GroupId | undefined = id; at !== undefined; at = groups.get(at)?.parentId) if (at === top) return true
  return false
}

export const namespaceRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/admin-api/namespaces',
    summary: 'Namespaces this node has joined',
    params: NoFields,
    query: Page,
    body: NoBody,
    handle: async ({ node }, { query }) => ({ data: pageOf(node.namespaces.list(), query).map(namespaceJson) }),
  }),
  route({
    method: 'POST',
    url: '/admin-api/namespaces',
    summary: 'Create a namespace for an application; its creator is the first admin',
    params: NoFields,
    query: NoFields,
    body: Type.Object({ applicationId: Type.String(), name: OptionalName }),
    handle: async ({ node }, { body }) => {
      const applicationId = installedId(node, body.applicationId)
      const namespace = await node.namespaces.create(applicationId, body.name ?? undefined)
      return { data: { namespaceId: namespace.id } }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/namespaces/:ns',
    summary: 'One namespace',
    params: ByNamespace,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }, { params }) => ({
      data: namespaceJson(node.namespaces.get(parseHexId<NamespaceId>(params.ns))),
    }),
  }),
  route({
    method: 'POST',
    url: '/admin-api/namespaces/:ns/invite',
    summary: 'A signed invitation to the namespace, or to each of its groups',
    params: ByNamespace,
    query: NoFields,
    body: InviteBody,
    handle: async ({ node }, { params, body }) => invite(node, parseHexId<GroupId>(params.ns), body),
  }),
  route({
    method: 'POST',
    url: '/admin-api/groups/:gid/invite',
    summary: 'A signed invitation to a group',
    params: ByGroup,
    query: NoFields,
    body: InviteBody,
    handle: async ({ node }, { params, body }) => invite(node, parseHexId<GroupId>(params.gid), body),
  }),
  route({
    method: 'POST',
    url: '/admin-api/namespaces/:ns/join',
    summary: 'Join by invitation; answers when log and key have arrived',
    params: ByNamespace,
    query: NoFields,
    body: Type.Object({ invitation: InvitationJson }),
    handle: async ({ node }, { params, body, signal }) => {
      const invitation = invitationFromJson(body.invitation)
      if (invitation.namespaceId !== parseHexId<NamespaceId>(params.ns) && invitation.groupId !== params.ns) {
        throw new ContextError('NAMESPACE_MISMATCH', `the invitation is for namespace ${invitation.namespaceId}`)
      }
      const namespace = await node.namespaces.join(invitation, { signal })
      return {
        data: {
          namespaceId: namespace.id,
          memberIdentity: idBase58(node.identity.publicKey),
          memberAccount: node.account,
        },
      }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/namespaces/:ns/groups',
    summary: 'Groups of a namespace',
    params: ByNamespace,
    query: Page,
    body: NoBody,
    handle: async ({ node }, { params, query }) => {
      const namespace = node.namespaces.get(parseHexId<NamespaceId>(params.ns))
      const groups = [...namespace.state.groups.values()].filter((group) => group.parentId !== undefined)
      const rows = groups.map(({ id, metadata }) => ({
        groupId: id,
        ...(metadata?.name === undefined ? {} : { name: metadata.name }),
      }))
      return { data: pageOf(rows, query) }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/namespaces/:ns/groups',
    summary: 'Create a group; restricted unless said otherwise',
    params: ByNamespace,
    query: NoFields,
    body: Type.Object({
      groupName: OptionalName,
      visibility: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    }),
    handle: async ({ node }, { params, body }) => {
      const visibility = (body.visibility ?? 'restricted').toLowerCase()
      if (visibility !== 'open' && visibility !== 'restricted') {
        throw new ServerError('BAD_REQUEST', `visibility is open or restricted, not ${JSON.stringify(body.visibility)}`)
      }
      const parentId = parseHexId<GroupId>(params.ns)
      const named = typeof body.groupName === 'string' ? { name: body.groupName } : {}
      return { data: { groupId: await node.namespaces.createGroup(parentId, { visibility, ...named }) } }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/groups/:gid',
    summary: 'One group; a namespace’s id names its root group',
    params: ByGroup,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }, { params }) => {
      const groupId = parseHexId<GroupId>(params.gid)
      return { data: groupJson(node.namespaces.ofGroup(groupId), groupId) }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/groups/:gid/members',
    summary: 'Members of a group, inherited ones included',
    params: ByGroup,
    query: Page,
    body: NoBody,
    handle: async ({ node }, { params, query }) => {
      const groupId = parseHexId<GroupId>(params.gid)
      return { members: pageOf(membersOf(node.namespaces.ofGroup(groupId), groupId), query) }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/groups/:gid/contexts',
    summary: 'Contexts of a group',
    params: ByGroup,
    query: Page,
    body: NoBody,
    handle: async ({ node }, { params, query }) => {
      const groupId = parseHexId<GroupId>(params.gid)
      const contexts = [...node.namespaces.ofGroup(groupId).state.contexts.values()]
      const rows = contexts
        .filter((context) => context.groupId === groupId)
        .map(({ id, metadata }) => ({
          contextId: idBase58(id),
          ...(metadata?.name === undefined ? {} : { name: metadata.name }),
        }))
      return { data: pageOf(rows, query) }
    },
  }),
]
