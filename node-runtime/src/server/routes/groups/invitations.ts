// Ways into a group: invitations, joining by one, and by membership of a group above.
import { Type } from 'typebox'
import { type GroupId, idBase58, parseHexId } from '../../../base/ids.ts'
import { InvitationJson, invitationFromJson, invitationToJson } from '../../formats/encodings.ts'
import { ByGroup, ByNamespace } from '../../formats/group-shapes.ts'
import { Base58, Hex32 } from '../../formats/shapes.ts'
import { INVITATION_LIFETIME_SEC, INVITATION_LIFETIME_SEC_MAX } from '../../limits.ts'
import type { NodeServices } from '../../ports.ts'
import { Data, NoBody, NoFields, type Route, route } from '../../routing/route.ts'

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

const One = { invitation: InvitationJson, groupName: Type.Optional(Type.String()) }
const Invited = Data(
  Type.Union([Type.Object(One), Type.Object({ invitations: Type.Array(Type.Object({ groupId: Hex32, ...One })) })]),
)

interface Asked {
  readonly expirationTimestamp?: number | null
  readonly recursive?: boolean | null
}

function invite({ namespaces }: NodeServices, groupId: GroupId, body: Asked | null) {
  const options = { lifetimeSec: body?.expirationTimestamp ?? INVITATION_LIFETIME_SEC, role: 'Member' as const }
  const { state } = namespaces.ofGroup(groupId)
  const one = (id: GroupId) => {
    const name = state.groups.get(id)?.metadata?.name
    return {
      invitation: invitationToJson(namespaces.invite(id, options)),
      ...(name === undefined ? {} : { groupName: name }),
    }
  }
  if (body?.recursive !== true) return { data: one(groupId) }
  const beneath = state.groupsWithin(groupId).filter((id) => id !== groupId)
  return { data: { invitations: [groupId, ...beneath].map((id) => ({ groupId: id, ...one(id) })) } }
}

export const invitationRoutes: readonly Route[] = [
  route({
    method: 'POST',
    url: '/admin-api/namespaces/:ns/invite',
    summary: 'A signed invitation to the namespace, or to each of its groups',
    permission: 'namespace:manage[:ns]',
    params: ByNamespace,
    query: NoFields,
    body: InviteBody,
    response: Invited,
    handle: async ({ node }, { params, body }) => invite(node, parseHexId<GroupId>(params.ns), body),
  }),
  route({
    method: 'POST',
    url: '/admin-api/groups/:gid/invite',
    summary: 'A signed invitation to a group, or to it and each of those beneath it',
    permission: 'group:manage[:gid]',
    params: ByGroup,
    query: NoFields,
    body: InviteBody,
    response: Invited,
    handle: async ({ node }, { params, body }) => invite(node, parseHexId<GroupId>(params.gid), body),
  }),
  route({
    method: 'POST',
    url: '/admin-api/groups/join',
    summary: 'Join a group by invitation; answers when log, key and the contexts that the member follows have arrived',
    permission: 'group:manage',
    params: NoFields,
    query: NoFields,
    body: Type.Object({
      invitation: InvitationJson,
      groupName: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    }),
    response: Data(Type.Object({ groupId: Hex32, memberIdentity: Base58, memberAccount: Hex32 })),
    failures: [504],
    handle: async ({ node }, { body, signal }) => {
      const invitation = invitationFromJson(body.invitation)
      const namespace = await node.namespaces.join(invitation, { signal })
      await node.joiner.followed(namespace, { signal })
      return {
        data: {
          groupId: invitation.groupId,
          memberIdentity: idBase58(node.identity.publicKey),
          memberAccount: node.account,
        },
      }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/groups/:gid/join-via-inheritance',
    summary: 'Wait until an open group can be used that this node’s member has through a group above it',
    permission: 'group:manage[:gid]',
    params: ByGroup,
    query: NoFields,
    body: NoBody,
    response: Data(Type.Object({ groupId: Hex32, memberPublicKey: Base58, wasInherited: Type.Boolean() })),
    failures: [504],
    handle: async ({ node }, { params, signal }) => {
      const groupId = parseHexId<GroupId>(params.gid)
      const wasInherited = await node.namespaces.joinInherited(groupId, { signal })
      await node.joiner.followed(node.namespaces.ofGroup(groupId), { signal })
      return { data: { groupId, memberPublicKey: idBase58(node.identity.publicKey), wasInherited } }
    },
  }),
]
