// Upgrades of a group's application, and how far they are here. Migrations of state this node does not do.
import { Type } from 'typebox'
import { idBase58 } from '../../../base/ids.ts'
import { ContextError } from '../../../context/errors.ts'
import { progressOf, upgradeGroup } from '../../../context/namespaces/code/upgrades.ts'
import { STATE_VERSION } from '../../../context/namespaces/code/versions.ts'
import type { Namespace } from '../../../context/namespaces/namespace.ts'
import { ServerError } from '../../errors.ts'
import {
  ByGroup,
  groupOf,
  membersOf,
  ownGroupOf,
  UpgradeShape,
  UpgradeStarted,
  upgradeJson,
} from '../../formats/group-shapes.ts'
import { Base58, Count, Hex32 } from '../../formats/shapes.ts'
import { installedId } from '../../names/lookups.ts'
import type { NodeServices } from '../../ports.ts'
import { Data, NoBody, NoFields, type Route, route } from '../../routing/route.ts'

const OptionalFlag = Type.Optional(Type.Union([Type.Boolean(), Type.Null()]))

const Rollup = Type.Object({
  migrated: Count,
  inProgress: Count,
  unknown: Count,
  failed: Count,
  total: Count,
  allMigrated: Type.Boolean(),
  membersPendingSignature: Count,
})

function startedJson(node: NodeServices, gid: string): object {
  const { namespace, groupId } = groupOf(node, gid)
  const shown = upgradeJson(node, namespace, groupId)
  return {
    groupId,
    status: shown?.status ?? 'completed',
    localContextsTotal: shown?.localContextsTotal ?? null,
    localContextsSwapped: shown?.localContextsSwapped ?? null,
    localContextsFailed: shown?.localContextsFailed ?? null,
  }
}

/**
 * State is never migrated here, so it is at the target wherever it is. What can lack is the code of an upgrade: of that this
 * node knows of itself alone.
 */
function migrationJson(node: NodeServices, namespace: Namespace): object {
  const own = ownState(node, namespace)
  const members = membersOf(namespace, namespace.id).map(({ member: { account, publicKey } }) => ({
    peer: idBase58(publicKey),
    account,
    state: account === namespace.ownKeys.account ? own : 'migrated',
  }))
  const count = (state: MigrationState) => members.filter((member) => member.state === state).length
  return {
    targetVersion: STATE_VERSION,
    expectedMembers: members.length,
    rollup: {
      migrated: count('migrated'),
      inProgress: count('in_progress'),
      unknown: 0,
      failed: count('failed'),
      total: members.length,
      allMigrated: count('migrated') === members.length,
      membersPendingSignature: 0,
    },
    members,
  }
}

type MigrationState = 'migrated' | 'in_progress' | 'failed'

/** Of all groups of the namespace that were upgraded. */
function ownState(node: NodeServices, namespace: Namespace): MigrationState {
  const all = [...namespace.state.groups.keys()].flatMap((id) => progressOf(node, namespace, id) ?? [])
  if (all.some(({ failed }) => failed > 0)) return 'failed'
  return all.some(({ swapped, total }) => swapped < total) ? 'in_progress' : 'migrated'
}

export const upgradeRoutes: readonly Route[] = [
  route({
    method: 'POST',
    url: '/admin-api/groups/:gid/upgrade',
    summary: 'Have the contexts of a group run another application with the same state',
    permission: 'group:manage[:gid]',
    params: ByGroup,
    query: NoFields,
    body: Type.Object({ targetApplicationId: Type.String(), cascade: OptionalFlag, forceCodeOnly: OptionalFlag }),
    response: Data(UpgradeStarted),
    failures: [409, 501],
    handle: async ({ node }, { params, body }) => {
      const { groupId } = groupOf(node, params.gid)
      await upgradeGroup(node, {
        groupId,
        applicationId: installedId(node, body.targetApplicationId),
        cascade: body.cascade === true,
        forceCodeOnly: body.forceCodeOnly === true,
      })
      return { data: startedJson(node, params.gid) }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/groups/:gid/upgrade/status',
    summary: 'The last upgrade of a group, and how far it is on this node',
    permission: 'group:list[:gid]',
    params: ByGroup,
    query: NoFields,
    body: NoBody,
    response: Data(Type.Union([UpgradeShape, Type.Null()])),
    handle: async ({ node }, { params }) => {
      const { namespace, groupId } = ownGroupOf(node, params.gid)
      return { data: upgradeJson(node, namespace, groupId) ?? null }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/groups/:gid/upgrade/retry',
    summary: 'Try the contexts again that could not be upgraded here',
    permission: 'group:manage[:gid]',
    params: ByGroup,
    query: NoFields,
    body: NoBody,
    response: Data(UpgradeStarted),
    failures: [409],
    handle: async ({ node }, { params }) => {
      const { namespace, groupId } = ownGroupOf(node, params.gid)
      const shown = upgradeJson(node, namespace, groupId)
      if (!shown) throw new ServerError('NOT_FOUND', `group ${groupId} was never upgraded`)
      if (shown.status === 'completed') {
        throw new ContextError('UPGRADE_REFUSED', `the upgrade of group ${groupId} is completed already`)
      }
      node.joiner.wake(namespace)
      return { data: startedJson(node, params.gid) }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/groups/:gid/cascade-status',
    summary: 'The last upgrade of a group and of each of those beneath it',
    permission: 'group:list[:gid]',
    params: ByGroup,
    query: NoFields,
    body: NoBody,
    response: Data(
      Type.Array(Type.Object({ groupId: Hex32, upgrade: UpgradeShape, cascadeHlc: Type.Optional(Type.String()) })),
    ),
    handle: async ({ node }, { params }) => {
      const { namespace, groupId } = ownGroupOf(node, params.gid)
      const data = namespace.state.groupsWithin(groupId).flatMap((id) => {
        const shown = upgradeJson(node, namespace, id)
        const upgrade = namespace.state.groups.get(id)?.upgrade
        if (!shown || !upgrade) return []
        return [{ groupId: id, upgrade: shown, ...(upgrade.cascaded ? { cascadeHlc: String(upgrade.hlc) } : {}) }]
      })
      return { data }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/groups/:gid/migration-status',
    summary:
      'How far members are: state is never migrated here, so all are through, but for this node while it lacks code',
    permission: 'group:list[:gid]',
    params: ByGroup,
    query: NoFields,
    body: NoBody,
    response: Type.Object({
      targetVersion: Count,
      expectedMembers: Count,
      rollup: Rollup,
      members: Type.Array(
        Type.Object({
          peer: Base58,
          account: Hex32,
          state: Type.Union([Type.Literal('migrated'), Type.Literal('in_progress'), Type.Literal('failed')]),
        }),
      ),
    }),
    handle: async ({ node }, { params }) => migrationJson(node, ownGroupOf(node, params.gid).namespace),
  }),
  route({
    method: 'POST',
    url: '/admin-api/groups/:gid/migration/abort',
    summary: 'Abort a migration of state: there is none',
    permission: 'group:manage[:gid]',
    params: ByGroup,
    query: NoFields,
    body: NoBody,
    response: Type.Object({ namespaceId: Hex32, aborted: Type.Boolean() }),
    handle: async ({ node }, { params }) => ({
      namespaceId: ownGroupOf(node, params.gid).namespace.id,
      aborted: false,
    }),
  }),
]
