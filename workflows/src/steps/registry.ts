// Every step kind, once. Planning, running, `calbox steps`, the docs page and the editor schema start from this list.
import { stepControls } from '@calbox/schemas'
import { stepSchemaRegistry } from '../plan/check/step-schema.ts'
import { accountCreate } from './account/account-create.ts'
import { accountPair } from './account/account-pair.ts'
import { accountRescope } from './account/account-rescope.ts'
import { accountRevoke } from './account/account-revoke.ts'
import { performIntent } from './account/perform-intent.ts'
import { setTeeAdmissionPolicy } from './account/set-tee-admission-policy.ts'
import { signWarrant } from './account/sign-warrant.ts'
import { teeFleetJoin } from './account/tee-fleet-join.ts'
import { call } from './application/call.ts'
import { getApplication } from './application/get-application.ts'
import { installApplication } from './application/install-application.ts'
import { listApplicationVersions } from './application/list-application-versions.ts'
import { uninstallApplication } from './application/uninstall-application.ts'
import { assertWsEvent } from './auth/assert-ws-event.ts'
import { login } from './auth/login.ts'
import { refresh } from './auth/refresh.ts'
import { wsConnect } from './auth/ws-connect.ts'
import { deleteBlob } from './blob/delete-blob.ts'
import { deleteBlobOnDisk } from './blob/delete-blob-on-disk.ts'
import { downloadBlob } from './blob/download-blob.ts'
import { uploadBlob } from './blob/upload-blob.ts'
import { assertStep } from './check/assert.ts'
import { assertApiResponse } from './check/assert-api-response.ts'
import { assertLogAbsent } from './check/assert-log-absent.ts'
import { assertLogPresent } from './check/assert-log-present.ts'
import { jsonAssert } from './check/json-assert.ts'
import { createContext } from './context/create-context.ts'
import { createIdentity } from './context/create-identity.ts'
import { createMesh } from './context/create-mesh.ts'
import { deleteContext } from './context/delete-context.ts'
import { joinContext } from './context/join-context.ts'
import { leaveContext } from './context/leave-context.ts'
import { nodeIdentity } from './context/node-identity.ts'
import { resyncContext } from './context/resync-context.ts'
import { block } from './control/block.ts'
import { fuzzyTest } from './control/fuzzy-test.ts'
import { include } from './control/include.ts'
import { parallel } from './control/parallel.ts'
import { repeat } from './control/repeat.ts'
import { wait } from './control/wait.ts'
import { chaos } from './fault/chaos/chaos.ts'
import { connectNode } from './fault/connect-node.ts'
import { disconnectNode } from './fault/disconnect-node.ts'
import { fault } from './fault/fault.ts'
import { heal } from './fault/heal.ts'
import { healPeers } from './fault/heal-peers.ts'
import { injectNetworkFault } from './fault/inject-network-fault.ts'
import { partitionPeers } from './fault/partition-peers.ts'
import { pauseContainer } from './fault/pause-container.ts'
import { restartContainer } from './fault/restart-container.ts'
import { unpauseContainer } from './fault/unpause-container.ts'
import { deleteGroup } from './group/delete-group.ts'
import { detachContextFromGroup } from './group/detach-context-from-group.ts'
import { getGroupInfo } from './group/get-group-info.ts'
import { joinSubgroupInheritance } from './group/join-subgroup-inheritance.ts'
import { leaveGroup } from './group/leave-group.ts'
import { listGroupContexts } from './group/list-group-contexts.ts'
import { listSubgroups } from './group/list-subgroups.ts'
import { registerGroupSigningKey } from './group/register-group-signing-key.ts'
import { reparentGroup } from './group/reparent-group.ts'
import { setDefaultCapabilities } from './group/set-default-capabilities.ts'
import { setSubgroupVisibility } from './group/set-subgroup-visibility.ts'
import { syncGroup } from './group/sync-group.ts'
import { addGroupMembers } from './member/add-group-members.ts'
import { assertNotMember } from './member/assert-not-member.ts'
import { assertTeeMember } from './member/assert-tee-member.ts'
import { getMemberCapabilities } from './member/get-member-capabilities.ts'
import { listGroupMembers } from './member/list-group-members.ts'
import { removeGroupMembers } from './member/remove-group-members.ts'
import { setMemberAutoFollow } from './member/set-member-auto-follow.ts'
import { setMemberCapabilities } from './member/set-member-capabilities.ts'
import { updateMemberRole } from './member/update-member-role.ts'
import { getContextMetadata } from './metadata/get-context-metadata.ts'
import { getGroupMetadata } from './metadata/get-group-metadata.ts'
import { getMemberMetadata } from './metadata/get-member-metadata.ts'
import { setContextMetadata } from './metadata/set-context-metadata.ts'
import { setGroupMetadata } from './metadata/set-group-metadata.ts'
import { setMemberMetadata } from './metadata/set-member-metadata.ts'
import { createGroupInNamespace } from './namespace/create-group-in-namespace.ts'
import { createNamespace } from './namespace/create-namespace.ts'
import { createNamespaceInvitation } from './namespace/create-namespace-invitation.ts'
import { deleteNamespace } from './namespace/delete-namespace.ts'
import { invite } from './namespace/invite.ts'
import { join } from './namespace/join.ts'
import { joinNamespace } from './namespace/join-namespace.ts'
import { leaveNamespace } from './namespace/leave-namespace.ts'
import { listNamespaceGroups } from './namespace/list-namespace-groups.ts'
import { listNamespaces } from './namespace/list-namespaces.ts'
import { nodeExec } from './node/node-exec.ts'
import { script } from './node/script.ts'
import { startNode } from './node/start-node.ts'
import { stopNode } from './node/stop-node.ts'
import { getProposal } from './proposal/get-proposal.ts'
import { getProposalApprovers } from './proposal/get-proposal-approvers.ts'
import { listProposals } from './proposal/list-proposals.ts'
import type { StepKind } from './step-kind.ts'
import { waitForSync } from './sync/wait-for-sync.ts'
import { abortMigration } from './upgrade/abort-migration.ts'
import { assertCascadeComplete } from './upgrade/assert-cascade-complete.ts'
import { assertMigrationComplete } from './upgrade/assert-migration-complete.ts'
import { cascadeNamespaceApplication } from './upgrade/cascade-namespace-application.ts'
import { getCascadeStatus } from './upgrade/get-cascade-status.ts'
import { getGroupUpgradeStatus } from './upgrade/get-group-upgrade-status.ts'
import { getMigrationStatus } from './upgrade/get-migration-status.ts'
import { retryGroupUpgrade } from './upgrade/retry-group-upgrade.ts'
import { upgradeGroup } from './upgrade/upgrade-group.ts'

export const stepKinds: readonly StepKind[] = [
  // application
  installApplication,
  call,
  getApplication,
  listApplicationVersions,
  uninstallApplication,
  // context
  createContext,
  joinContext,
  createIdentity,
  createMesh,
  deleteContext,
  leaveContext,
  nodeIdentity,
  resyncContext,
  // namespace
  createNamespace,
  createNamespaceInvitation,
  joinNamespace,
  createGroupInNamespace,
  deleteNamespace,
  invite,
  join,
  leaveNamespace,
  listNamespaceGroups,
  listNamespaces,
  // group
  deleteGroup,
  detachContextFromGroup,
  getGroupInfo,
  joinSubgroupInheritance,
  leaveGroup,
  listGroupContexts,
  listSubgroups,
  registerGroupSigningKey,
  reparentGroup,
  setDefaultCapabilities,
  setSubgroupVisibility,
  syncGroup,
  // member
  listGroupMembers,
  addGroupMembers,
  assertNotMember,
  assertTeeMember,
  getMemberCapabilities,
  removeGroupMembers,
  setMemberAutoFollow,
  setMemberCapabilities,
  updateMemberRole,
  // metadata
  getContextMetadata,
  getGroupMetadata,
  getMemberMetadata,
  setContextMetadata,
  setGroupMetadata,
  setMemberMetadata,
  // blob
  deleteBlobOnDisk,
  deleteBlob,
  downloadBlob,
  uploadBlob,
  // upgrade
  abortMigration,
  assertCascadeComplete,
  assertMigrationComplete,
  cascadeNamespaceApplication,
  getCascadeStatus,
  getGroupUpgradeStatus,
  getMigrationStatus,
  retryGroupUpgrade,
  upgradeGroup,
  // account
  accountCreate,
  accountPair,
  accountRescope,
  accountRevoke,
  performIntent,
  setTeeAdmissionPolicy,
  signWarrant,
  teeFleetJoin,
  // auth
  assertWsEvent,
  login,
  refresh,
  wsConnect,
  // control
  wait,
  waitForSync,
  block,
  include,
  repeat,
  parallel,
  fuzzyTest,
  // check
  assertStep,
  jsonAssert,
  assertApiResponse,
  assertLogAbsent,
  assertLogPresent,
  // node
  stopNode,
  startNode,
  nodeExec,
  script,
  // fault
  connectNode,
  disconnectNode,
  healPeers,
  injectNetworkFault,
  fault,
  heal,
  chaos,
  partitionPeers,
  pauseContainer,
  restartContainer,
  unpauseContainer,
  // proposal
  getProposalApprovers,
  getProposal,
  listProposals,
]

/** The keys that any kind takes, in the order in which the schema has them. */
export const stepControlNames: readonly string[] = Object.keys(stepControls.properties)

/** For `planWorkflow`. */
export const stepSchemas = stepSchemaRegistry(stepKinds)

const byName = new Map(stepKinds.flatMap((kind) => [kind.kind, ...(kind.aliases ?? [])].map((name) => [name, kind])))

export function stepKind(name: string): StepKind | undefined {
  return byName.get(name)
}
