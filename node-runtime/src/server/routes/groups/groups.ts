// Groups: create, look at, move, leave, delete, synchronise.
import { Type } from 'typebox'
import { type GroupId, idBase58, parseHexId } from '../../../base/ids.ts'
import { govern } from '../../../context/namespaces/administration.ts'
import { removeMember } from '../../../context/namespaces/membership.ts'
import { refuseStranger, seenBy } from '../../access/membership.ts'
import { ServerError } from '../../errors.ts'
import { pageOf } from '../../formats/encodings.ts'
import { OptionalText } from '../../formats/fields.ts'
import {
  ByGroup,
  contextsOf,
  GroupRow,
  GroupShape,
  groupJson,
  groupOf,
  ownGroupOf,
  rowOf,
  showsTo,
  summaryJson,
} from '../../formats/group-shapes.ts'
import { Base58, Count, Hex32 } from '../../formats/shapes.ts'
import { NAME_BYTES_MAX } from '../../limits.ts'
import { installedId } from '../../names/lookups.ts'
import { Data, NoBody, NoFields, Page, type Route, route } from '../../routing/route.ts'

const OptionalString = Type.Optional(Type.Union([Type.String(), Type.Null()]))

export const groupRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/admin-api/groups',
    summary: 'Groups that this node’s member is in, namespaces included',
    permission: 'group:list',
    params: NoFields,
    query: Page,
    body: NoBody,
    response: Data(Type.Array(GroupShape)),
    handle: async ({ node }, { query, asker }) => {
      const seen = seenBy(node, asker)
      const all = node.namespaces.list().flatMap((namespace) => {
        const own = [...namespace.state.groups.values()].filter(({ id }) => namespace.isOwnMember(id) && seen.group(id))
        return own.map((group) => ({ namespace, group }))
      })
      return { data: pageOf(all, query).map(({ namespace, group }) => groupJson(node, namespace, group)) }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/groups',
    summary: 'Create a group beneath another one, or without a parent a namespace',
    permission: 'group:create',
    params: NoFields,
    query: NoFields,
    body: Type.Object({
      applicationId: Type.String(),
      groupId: OptionalString,
      appKey: OptionalString,
      name: OptionalText(NAME_BYTES_MAX),
      parentGroupId: OptionalString,
    }),
    response: Data(Type.Object({ groupId: Hex32 })),
    failures: [404, 501],
    handle: async ({ node }, { body, asker }) => {
      refuseStranger(node, asker, { groupId: body.parentGroupId ?? undefined })
      if (typeof body.groupId === 'string') {
        throw new ServerError('NOT_IMPLEMENTED', 'ids of groups that clients choose: nodes derive them from their key')
      }
      const applicationId = installedId(node, body.applicationId)
      const name = body.name ?? undefined
      if (typeof body.parentGroupId !== 'string') {
        return { data: { groupId: (await node.namespaces.create(applicationId, name)).id } }
      }
      const named = name === undefined ? {} : { name }
      const parentId = parseHexId<GroupId>(body.parentGroupId)
      return { data: { groupId: await node.namespaces.createGroup(parentId, { visibility: 'restricted', ...named }) } }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/groups/:gid',
    summary: 'One group; a namespace’s id names its root group',
    permission: 'group:list[:gid]',
    params: ByGroup,
    query: NoFields,
    body: NoBody,
    response: Data(GroupShape),
    handle: async ({ node }, { params }) => {
      const { namespace, group } = ownGroupOf(node, params.gid)
      return { data: groupJson(node, namespace, group) }
    },
  }),
  route({
    method: 'DELETE',
    url: '/admin-api/groups/:gid',
    summary: 'Delete a group on every node, with all beneath it and their contexts',
    permission: 'group:manage[:gid]',
    params: ByGroup,
    query: NoFields,
    body: NoBody,
    response: Data(Type.Object({ isDeleted: Type.Boolean() })),
    handle: async ({ node }, { params }) => {
      const { group, groupId } = groupOf(node, params.gid)
      if (group.parentId === undefined) {
        throw new ServerError('BAD_REQUEST', `${groupId} is a namespace: DELETE /admin-api/namespaces/${groupId}`)
      }
      await govern(node, groupId, { kind: 'group_deleted', groupId })
      return { data: { isDeleted: true } }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/groups/:gid/contexts',
    summary: 'Contexts of a group',
    permission: 'group:list[:gid]',
    params: ByGroup,
    query: Page,
    body: NoBody,
    response: Data(Type.Array(Type.Object({ contextId: Base58, name: Type.Optional(Type.String()) }))),
    handle: async ({ node }, { params, query }) => {
      const { namespace, groupId } = ownGroupOf(node, params.gid)
      return { data: pageOf(contextsOf(namespace, groupId), query) }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/groups/:gid/subgroups',
    summary: 'Groups beneath one, of the restricted ones those that show to this node’s member',
    permission: 'group:list[:gid]',
    params: ByGroup,
    query: NoFields,
    body: NoBody,
    response: Type.Object({ subgroups: Type.Array(GroupRow) }),
    handle: async ({ node }, { params }) => {
      const { namespace, groupId } = groupOf(node, params.gid)
      const { state } = namespace
      const beneath = [...state.groups.values()].filter(({ parentId }) => parentId === groupId)
      return { subgroups: beneath.filter((group) => showsTo(state, group, node.account)).map(rowOf) }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/groups/:gid/reparent',
    summary: 'Move a group with all beneath it',
    permission: 'group:manage[:gid]',
    params: ByGroup,
    query: NoFields,
    body: Type.Object({ newParentId: Type.String() }),
    response: Type.Object({ reparented: Type.Boolean() }),
    handle: async ({ node }, { params, body }) => {
      const { namespace, group, groupId } = groupOf(node, params.gid)
      const { groupId: parentId } = groupOf(node, body.newParentId)
      if (group.parentId === parentId) return { reparented: false }
      if (namespace.state.groupsWithin(groupId).includes(parentId)) {
        throw new ServerError('BAD_REQUEST', `group ${groupId} cannot be beneath itself, in ${parentId}`)
      }
      await govern(node, groupId, { kind: 'group_moved', groupId, parentId })
      return { reparented: true }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/groups/:gid/leave',
    summary: 'Leave a group that this node’s member is in directly',
    permission: 'group:manage[:gid]',
    params: ByGroup,
    query: NoFields,
    body: NoBody,
    response: Data(Type.Object({ groupId: Hex32, memberPublicKey: Base58 })),
    handle: async ({ node }, { params }) => {
      const { groupId } = groupOf(node, params.gid)
      await removeMember(node, groupId, node.account)
      return { data: { groupId, memberPublicKey: idBase58(node.identity.publicKey) } }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/groups/:gid/sync',
    summary: 'One round of synchronisation of a group’s governance',
    permission: 'group:manage[:gid]',
    forOtherMembers: true,
    params: ByGroup,
    query: NoFields,
    body: NoBody,
    response: Data(
      Type.Object({
        groupId: Hex32,
        appKey: Hex32,
        targetApplicationId: Base58,
        memberCount: Count,
        contextCount: Count,
      }),
    ),
    handle: async ({ node }, { params, signal }) => {
      await node.sync.syncNamespace(groupOf(node, params.gid).namespace.id, { signal })
      // Perhaps it is gone now.
      const { namespace, group } = groupOf(node, params.gid)
      return { data: summaryJson(namespace, group) }
    },
  }),
]
