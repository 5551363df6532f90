// Members of a group: who, as what, and with which rights.
import { Type } from 'typebox'
import type { AccountId } from '../../../base/ids.ts'
import type { Logger } from '../../../base/log.ts'
import { addMembers, govern } from '../../../context/namespaces/administration.ts'
import { lowerMember, type RemovalReport, removeMember } from '../../../context/namespaces/membership.ts'
import { ALL_CAPABILITIES } from '../../../governance/capabilities.ts'
import { ServerError } from '../../errors.ts'
import { pageOf } from '../../formats/encodings.ts'
import {
  accountIn,
  ByGroup,
  ByMember,
  groupOf,
  memberIn,
  membersOf,
  nameOf,
  ownGroupOf,
  roleIn,
} from '../../formats/group-shapes.ts'
import { Count, Hex32, Nothing } from '../../formats/shapes.ts'
import { MEMBERS_MAX } from '../../limits.ts'
import { Data, NoBody, NoFields, Page, type Route, route } from '../../routing/route.ts'

export const Capabilities = Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1 })
const Role = Type.Union([
  Type.Literal('Admin'),
  Type.Literal('Member'),
  Type.Literal('ReadOnly'),
  Type.Literal('ReadOnlyTee'),
])

function logUnpinned(log: Logger, account: AccountId, { unpinned }: RemovalReport): void {
  for (const { contextId, reason } of unpinned) {
    log.warn({ contextId, account, reason }, 'others will say what was accepted here from the removed member')
  }
}

export const memberRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/admin-api/groups/:gid/members',
    summary: 'Members of a group, inherited ones included',
    permission: 'group:list[:gid]',
    params: ByGroup,
    query: Page,
    body: NoBody,
    response: Type.Object({
      members: Type.Array(Type.Object({ identity: Hex32, role: Role, name: Type.Optional(Type.String()) })),
    }),
    handle: async ({ node }, { params, query }) => {
      const { namespace, groupId } = ownGroupOf(node, params.gid)
      const rows = pageOf(membersOf(namespace, groupId), query)
      return {
        members: rows.map(({ member, role, metadata }) => ({ identity: member.account, role, ...nameOf(metadata) })),
      }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/groups/:gid/member-devices',
    summary: 'Members of a group with the key that each one signs with',
    permission: 'group:list[:gid]',
    params: ByGroup,
    query: Page,
    body: NoBody,
    response: Type.Object({
      members: Type.Array(
        Type.Object({
          account: Hex32,
          devices: Type.Array(Type.Object({ deviceId: Hex32, signingKey: Hex32 })),
        }),
      ),
    }),
    handle: async ({ node }, { params, query }) => {
      const { namespace, groupId } = ownGroupOf(node, params.gid)
      const rows = pageOf(membersOf(namespace, groupId), query)
      return {
        members: rows.map(({ member: { account, publicKey } }) => ({
          account,
          devices: [{ deviceId: publicKey, signingKey: publicKey }],
        })),
      }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/groups/:gid/members',
    summary: 'Add members of the namespace to a group; who is in it gets the role',
    permission: 'group:manage[:gid]',
    params: ByGroup,
    query: NoFields,
    body: Type.Object({
      members: Type.Array(Type.Object({ identity: Type.String(), role: Type.String() }), { maxItems: MEMBERS_MAX }),
    }),
    response: Nothing,
    handle: async ({ node }, { params, body, signal }) => {
      const { groupId } = groupOf(node, params.gid)
      const members = body.members.map(({ identity, role }) => ({ account: accountIn(identity), role: roleIn(role) }))
      await addMembers(node, groupId, { members, signal })
      return {}
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/groups/:gid/members/remove',
    summary: 'Remove members from a group, or from the namespace with all its groups',
    permission: 'group:manage[:gid]',
    params: ByGroup,
    query: NoFields,
    body: Type.Object({ members: Type.Array(Type.String(), { maxItems: MEMBERS_MAX }) }),
    response: Nothing,
    handle: async ({ node, log }, { params, body }) => {
      const { namespace, groupId } = groupOf(node, params.gid)
      const accounts = new Set(body.members.map((text) => memberIn(namespace, groupId, text)))
      if (accounts.has(node.account)) {
        throw new ServerError('BAD_REQUEST', `this node’s own member leaves: POST /admin-api/groups/${groupId}/leave`)
      }
      for (const account of accounts) {
        logUnpinned(log, account, await removeMember(node, groupId, account))
      }
      return {}
    },
  }),
  route({
    method: 'PUT',
    url: '/admin-api/groups/:gid/members/:account/role',
    summary: 'Set the role of a direct member',
    permission: 'group:manage[:gid]',
    params: ByMember,
    query: NoFields,
    body: Type.Object({ role: Type.String() }),
    response: Nothing,
    handle: async ({ node, log }, { params, body }) => {
      const { namespace, group, groupId } = groupOf(node, params.gid)
      const [account, role] = [memberIn(namespace, groupId, params.account), roleIn(body.role)]
      const before = group.members.get(account)
      if (before === role) return {}
      if (role === 'ReadOnly' && before !== undefined) {
        logUnpinned(log, account, await lowerMember(node, groupId, account))
        return {}
      }
      await govern(node, groupId, { kind: 'role_set', groupId, account, role })
      return {}
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/groups/:gid/members/:account/capabilities',
    summary: 'What a member may do beyond its role, as bits',
    permission: 'group:list[:gid]',
    params: ByMember,
    query: NoFields,
    body: NoBody,
    response: Data(Type.Object({ capabilities: Count })),
    handle: async ({ node }, { params }) => {
      const { namespace, group, groupId } = ownGroupOf(node, params.gid)
      const account = memberIn(namespace, groupId, params.account)
      const direct = group.capabilities.get(account) ?? (group.members.has(account) ? group.defaultCapabilities : 0)
      return { data: { capabilities: direct } }
    },
  }),
  route({
    method: 'PUT',
    url: '/admin-api/groups/:gid/members/:account/capabilities',
    summary: 'Set what a direct member may do beyond its role; unknown bits are dropped',
    permission: 'group:manage[:gid]',
    params: ByMember,
    query: NoFields,
    body: Type.Object({ capabilities: Capabilities }),
    response: Nothing,
    handle: async ({ node }, { params, body }) => {
      const { namespace, groupId } = groupOf(node, params.gid)
      const account = memberIn(namespace, groupId, params.account)
      const capabilities = body.capabilities & ALL_CAPABILITIES
      await govern(node, groupId, { kind: 'capabilities_set', groupId, account, capabilities })
      return {}
    },
  }),
  route({
    method: 'PUT',
    url: '/admin-api/groups/:gid/members/:account/auto-follow',
    summary: 'Set what a member’s node takes in by itself',
    permission: 'group:manage[:gid]',
    params: ByMember,
    query: NoFields,
    body: Type.Object({ autoFollowContexts: Type.Boolean(), autoFollowSubgroups: Type.Boolean() }),
    response: Nothing,
    handle: async ({ node }, { params, body }) => {
      const { namespace, groupId } = groupOf(node, params.gid)
      const account = memberIn(namespace, groupId, params.account)
      const { autoFollowContexts: contexts, autoFollowSubgroups: subgroups } = body
      await govern(node, groupId, { kind: 'auto_follow_set', groupId, account, contexts, subgroups })
      return {}
    },
  }),
]
