// Namespaces: create, look at, join, leave, delete. A namespace is its root group.
import { Type } from 'typebox'
import { type GroupId, idBase58, type NamespaceId, parseHexId } from '../../../base/ids.ts'
import { ContextError } from '../../../context/errors.ts'
import { deleteNamespace } from '../../../context/namespaces/administration.ts'
import { removeMember } from '../../../context/namespaces/membership.ts'
import type { Namespace } from '../../../context/namespaces/namespace.ts'
import { seenBy } from '../../access/membership.ts'
import { ServerError } from '../../errors.ts'
import { applicationIdOf, InvitationJson, invitationFromJson, pageOf } from '../../formats/encodings.ts'
import { OptionalText } from '../../formats/fields.ts'
import { ByNamespace, GroupRow, NamespaceShape, namespaceJson, rowOf, showsTo } from '../../formats/group-shapes.ts'
import { Base58, Hex32 } from '../../formats/shapes.ts'
import { NAME_BYTES_MAX } from '../../limits.ts'
import { installedId } from '../../names/lookups.ts'
import type { NodeServices } from '../../ports.ts'
import { Data, NoBody, NoFields, Page, type Route, route } from '../../routing/route.ts'

const OptionalString = Type.Optional(Type.Union([Type.String(), Type.Null()]))

/** Those that this node's member is in. */
function joined(node: NodeServices): Namespace[] {
  return node.namespaces.list().filter(({ state }) => state.members.has(node.account))
}

/** Throws IdError, NAMESPACE_NOT_FOUND, NOT_A_MEMBER. */
function joinedOf(node: NodeServices, ns: string): Namespace {
  const namespace = node.namespaces.get(parseHexId<NamespaceId>(ns))
  if (namespace.state.members.has(node.account)) return namespace
  throw new ContextError('NOT_A_MEMBER', `this node is no member of namespace ${namespace.id} any more`)
}

function deletionOf({ namespaces, contexts, joiner, sync }: NodeServices) {
  return { namespaces, contexts, joiner, outbound: sync }
}

export const namespaceRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/admin-api/namespaces',
    summary: 'Namespaces this node has joined',
    permission: 'namespace:list',
    params: NoFields,
    query: Page,
    body: NoBody,
    response: Data(Type.Array(NamespaceShape)),
    handle: async ({ node }, { query, asker }) => {
      const seen = seenBy(node, asker)
      const all = joined(node).filter(({ id }) => seen.group(id))
      return { data: pageOf(all, query).map(namespaceJson) }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/namespaces',
    summary: 'Create a namespace for an application; its creator is the first admin',
    permission: 'namespace:create',
    params: NoFields,
    query: NoFields,
    body: Type.Object({ applicationId: Type.String(), name: OptionalText(NAME_BYTES_MAX), appKey: OptionalString }),
    response: Data(Type.Object({ namespaceId: Hex32 })),
    failures: [404],
    handle: async ({ node }, { body }) => {
      const applicationId = installedId(node, body.applicationId)
      const namespace = await node.namespaces.create(applicationId, body.name ?? undefined)
      return { data: { namespaceId: namespace.id } }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/namespaces/for-application/:app',
    summary: 'Namespaces of an application',
    permission: 'namespace:list[:app]',
    params: Type.Object({ app: Type.String() }),
    query: Page,
    body: NoBody,
    response: Data(Type.Array(NamespaceShape)),
    handle: async ({ node }, { params, query, asker }) => {
      const applicationId = applicationIdOf(params.app)
      const seen = seenBy(node, asker)
      const all = joined(node).filter(({ id, state }) => state.applicationId === applicationId && seen.group(id))
      return { data: pageOf(all, query).map(namespaceJson) }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/namespaces/:ns',
    summary: 'One namespace',
    permission: 'namespace:list[:ns]',
    params: ByNamespace,
    query: NoFields,
    body: NoBody,
    response: Data(NamespaceShape),
    handle: async ({ node }, { params }) => ({ data: namespaceJson(joinedOf(node, params.ns)) }),
  }),
  route({
    method: 'DELETE',
    url: '/admin-api/namespaces/:ns',
    summary: 'Remove a namespace with its groups and contexts from this node; others keep theirs',
    permission: 'namespace:manage[:ns]',
    params: ByNamespace,
    query: NoFields,
    body: NoBody,
    response: Data(Type.Object({ isDeleted: Type.Boolean() })),
    handle: async ({ node }, { params }) => {
      await deleteNamespace(deletionOf(node), parseHexId<NamespaceId>(params.ns), node.account)
      return { data: { isDeleted: true } }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/namespaces/:ns/identity',
    summary: 'The key of this node’s member in a namespace',
    permission: 'namespace:list[:ns]',
    params: ByNamespace,
    query: NoFields,
    body: NoBody,
    response: Type.Object({ namespaceId: Hex32, publicKey: Base58 }),
    handle: async ({ node }, { params }) => ({
      namespaceId: joinedOf(node, params.ns).id,
      publicKey: idBase58(node.identity.publicKey),
    }),
  }),
  route({
    method: 'POST',
    url: '/admin-api/namespaces/:ns/join',
    summary: 'Join by invitation; answers when log, key and the contexts that the member follows have arrived',
    permission: 'namespace:manage[:ns]',
    params: ByNamespace,
    query: NoFields,
    body: Type.Object({ invitation: InvitationJson, groupName: OptionalString }),
    // `groupId` is the same id, for clients of when this was answered as `groups/join` is: mero-js 13.2.0.
    response: Data(Type.Object({ namespaceId: Hex32, groupId: Hex32, memberIdentity: Base58, memberAccount: Hex32 })),
    failures: [504],
    handle: async ({ node }, { params, body, signal }) => {
      const invitation = invitationFromJson(body.invitation)
      const asked = parseHexId<NamespaceId>(params.ns)
      if (invitation.namespaceId !== asked && invitation.groupId !== (asked as string)) {
        throw new ContextError('NAMESPACE_MISMATCH', `the invitation is for namespace ${invitation.namespaceId}`)
      }
      const namespace = await node.namespaces.join(invitation, { signal })
      await node.joiner.followed(namespace, { signal })
      return {
        data: {
          namespaceId: namespace.id,
          groupId: namespace.id,
          memberIdentity: idBase58(node.identity.publicKey),
          memberAccount: node.account,
        },
      }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/namespaces/:ns/leave',
    summary: 'Leave a namespace and all its groups',
    permission: 'namespace:manage[:ns]',
    params: ByNamespace,
    query: NoFields,
    body: NoBody,
    response: Data(Type.Object({ namespaceId: Hex32, memberPublicKey: Base58 })),
    handle: async ({ node }, { params }) => {
      const namespaceId = parseHexId<NamespaceId>(params.ns)
      await removeMember(node, node.namespaces.get(namespaceId).id, node.account)
      return { data: { namespaceId, memberPublicKey: idBase58(node.identity.publicKey) } }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/namespaces/:ns/groups',
    summary: 'Groups of a namespace, of the restricted ones those that show to this node’s member',
    permission: 'namespace:list[:ns]',
    params: ByNamespace,
    query: Page,
    body: NoBody,
    response: Data(Type.Array(GroupRow)),
    handle: async ({ node }, { params, query }) => {
      const { state } = node.namespaces.get(parseHexId<NamespaceId>(params.ns))
      const groups = [...state.groups.values()].filter((group) => group.parentId !== undefined)
      return {
        data: pageOf(
          groups.filter((group) => showsTo(state, group, node.account)),
          query,
        ).map(rowOf),
      }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/namespaces/:ns/groups',
    summary: 'Create a group; restricted unless said otherwise',
    permission: 'group:create',
    params: ByNamespace,
    query: NoFields,
    body: Type.Object({ groupName: OptionalText(NAME_BYTES_MAX), visibility: OptionalString }),
    response: Data(Type.Object({ groupId: Hex32 })),
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
]
