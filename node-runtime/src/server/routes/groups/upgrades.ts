// Upgrades of a group's application, how far they are here, and how far the members are with migrating state.
import { Type } from 'typebox'
import { idBase58 } from '../../../base/ids.ts'
import { ContextError } from '../../../context/errors.ts'
import { countsOf, type MemberReport, migrationReport } from '../../../context/namespaces/code/migration-report.ts'
import { abortMigrations, progressOf, retryUpgrade, upgradeGroup } from '../../../context/namespaces/code/upgrades.ts'
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

function migrationJson(node: NodeServices, namespace: Namespace): object {
  const all = membersOf(namespace, namespace.id).map(({ member }) => member)
  const report = migrationReport(node, namespace, all)
  const { targetVersion, members } = report
  const counts = countsOf(report)
  return {
    targetVersion,
    expectedMembers: members.length,
    rollup: {
      ...counts,
      allMigrated: counts.migrated === counts.total,
      membersPendingSignature: members.filter(({ said }) => (said?.own ?? 0) > 0).length,
    },
    members: members.map(memberJson),
  }
}

function memberJson({ member: { publicKey, account }, state, said }: MemberReport): object {
  const shown = { peer: idBase58(publicKey), account, state }
  if (said === undefined) return shown
  const { version, failed, own, hlc } = said
  return {
    ...shown,
    report: {
      schemaVersion: version,
      // A state is of one version as a whole: nothing of it is left to do.
      residueAuto: 0,
      residueIdentity: own,
      syncedUpToHlc: String(hlc),
      reportedAt: Number(hlc / NS_PER_SECOND),
      authoredRemaining: own,
      ...(failed === undefined ? {} : { migrationFailed: failed }),
    },
  }
}

const NS_PER_SECOND = 1_000_000_000n

export const upgradeRoutes: readonly Route[] = [
  route({
    method: 'POST',
    url: '/admin-api/groups/:gid/upgrade',
    summary: 'Have the contexts of a group run another application; where its state has a later version it is migrated',
    permission: 'group:manage[:gid]',
    params: ByGroup,
    query: NoFields,
    body: Type.Object({ targetApplicationId: Type.String(), cascade: OptionalFlag, forceCodeOnly: OptionalFlag }),
    response: Data(UpgradeStarted),
    failures: [409],
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
      const progress = progressOf(node, namespace, groupId)
      if (!progress || progress.swapped + progress.waiting === progress.total) {
        const message = `the upgrade of group ${groupId} is completed, or is by the first access: nothing has failed`
        throw new ContextError('UPGRADE_REFUSED', message)
      }
      node.joiner.wake(namespace)
      const group = namespace.state.groups.get(groupId)
      if (group) await retryUpgrade(node, group)
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
      'How far the members are with the migrations of the namespace: what each has said of its own state, signed',
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
          state: Type.Union(['migrated', 'in_progress', 'unknown', 'failed'].map((state) => Type.Literal(state))),
          report: Type.Optional(
            Type.Object({
              schemaVersion: Count,
              residueAuto: Count,
              residueIdentity: Count,
              syncedUpToHlc: Type.String(),
              reportedAt: Count,
              authoredRemaining: Count,
              migrationFailed: Type.Optional(Type.String()),
            }),
          ),
        }),
      ),
    }),
    handle: async ({ node }, { params }) => migrationJson(node, ownGroupOf(node, params.gid).namespace),
  }),
  route({
    method: 'POST',
    url: '/admin-api/groups/:gid/migration/abort',
    summary:
      'Have a group, or all of a namespace, run what it ran before, where a migration has not come to its end here',
    permission: 'group:manage[:gid]',
    params: ByGroup,
    query: NoFields,
    body: NoBody,
    response: Type.Object({ namespaceId: Hex32, aborted: Type.Boolean() }),
    handle: async ({ node }, { params }) => {
      const { namespace, groupId } = ownGroupOf(node, params.gid)
      return { namespaceId: namespace.id, aborted: await abortMigrations(node, namespace, groupId) }
    },
  }),
]
