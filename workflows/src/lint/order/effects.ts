// What each kind of step writes, reads and waits for, where that concerns other nodes. A kind that is in no table may do
// anything: what was written before it is taken to be everywhere, and nothing is reported.

/** A part of the governance of a group that some kinds change and others show. */
export type Aspect =
  | 'members'
  | 'capabilities'
  | 'group-metadata'
  | 'member-metadata'
  | 'context-metadata'
  | 'visibility'
  | 'contexts'
  | 'groups'
  | 'application'

export interface GovernanceEffect {
  /** The field that names the group. */
  readonly group: string
  readonly aspects: readonly Aspect[]
  /** Fields that narrow it down: a write and a read with different ones have nothing to do with each other. */
  readonly narrowedBy?: readonly string[]
}

export const GOVERNANCE_WRITES: Readonly<Record<string, GovernanceEffect>> = {
  add_group_members: { group: 'group_id', aspects: ['members'] },
  remove_group_members: { group: 'group_id', aspects: ['members'] },
  update_member_role: { group: 'group_id', aspects: ['members'] },
  leave_group: { group: 'group_id', aspects: ['members'] },
  leave_namespace: { group: 'namespace_id', aspects: ['members'] },
  set_member_capabilities: { group: 'group_id', aspects: ['capabilities'], narrowedBy: ['member_id'] },
  set_default_capabilities: { group: 'group_id', aspects: ['capabilities'] },
  set_member_auto_follow: { group: 'group_id', aspects: [] },
  set_group_metadata: { group: 'group_id', aspects: ['group-metadata'] },
  set_member_metadata: { group: 'group_id', aspects: ['member-metadata'], narrowedBy: ['member_id'] },
  set_context_metadata: { group: 'group_id', aspects: ['context-metadata'], narrowedBy: ['context_id'] },
  set_subgroup_visibility: { group: 'group_id', aspects: ['visibility'] },
  set_tee_admission_policy: { group: 'group_id', aspects: [] },
  create_context: { group: 'group_id', aspects: ['contexts'] },
  detach_context_from_group: { group: 'group_id', aspects: ['contexts'] },
  create_group_in_namespace: { group: 'namespace_id', aspects: ['groups'] },
  delete_group: { group: 'group_id', aspects: ['groups'] },
  upgrade_group: { group: 'group_id', aspects: ['application'] },
  cascade_namespace_application: { group: 'namespace_id', aspects: ['application'] },
}

export interface GovernanceRead extends GovernanceEffect {
  /** It is a check by itself, whatever is captured. */
  readonly asserts?: boolean
  /** Its reply lacks what is captured as long as nothing has been written: capturing is a check. */
  readonly capturesAssert?: boolean
}

export const GOVERNANCE_READS: Readonly<Record<string, GovernanceRead>> = {
  list_group_members: { group: 'group_id', aspects: ['members'] },
  assert_tee_member: { group: 'group_id', aspects: ['members'], asserts: true },
  assert_not_member: { group: 'group_id', aspects: ['members'], asserts: true },
  get_member_capabilities: { group: 'group_id', aspects: ['capabilities'], narrowedBy: ['member_id'] },
  get_group_metadata: { group: 'group_id', aspects: ['group-metadata'], capturesAssert: true },
  get_member_metadata: {
    group: 'group_id',
    aspects: ['member-metadata'],
    narrowedBy: ['member_id'],
    capturesAssert: true,
  },
  get_context_metadata: {
    group: 'group_id',
    aspects: ['context-metadata'],
    narrowedBy: ['context_id'],
    capturesAssert: true,
  },
  get_group_info: { group: 'group_id', aspects: ['visibility', 'application'] },
  list_group_contexts: { group: 'group_id', aspects: ['contexts'] },
  list_subgroups: { group: 'group_id', aspects: ['groups'] },
  list_namespace_groups: { group: 'namespace_id', aspects: ['groups'] },
}

/**
 * Kinds after which a node has what others wrote before: they wait for it, fetch it, or have shown that it came. `node`: the
 * field with the node; absent: all nodes. `of`: everything, or the governance alone.
 */
export const ARRIVALS: Readonly<Record<string, { readonly node?: string; readonly of: 'all' | 'governance' }>> = {
  join_context: { node: 'node', of: 'all' },
  join_namespace: { node: 'node', of: 'all' },
  join: { node: 'node', of: 'all' },
  join_subgroup_inheritance: { node: 'node', of: 'all' },
  resync_context: { node: 'node', of: 'all' },
  sync_group: { node: 'node', of: 'governance' },
  assert_ws_event: { node: 'node', of: 'all' },
  assert_cascade_complete: { of: 'governance' },
  assert_migration_complete: { of: 'governance' },
  retry_group_upgrade: { of: 'governance' },
  account_pair: { of: 'all' },
  account_revoke: { of: 'all' },
  tee_fleet_join: { of: 'all' },
  delete_namespace: { of: 'all' },
  delete_context: { of: 'all' },
  leave_context: { of: 'all' },
  reparent_group: { of: 'all' },
  abort_migration: { of: 'all' },
  fuzzy_test: { of: 'all' },
  chaos: { of: 'all' },
  node_exec: { of: 'all' },
  script: { of: 'all' },
}

/** Kinds that write nothing other nodes could see, read nothing that others wrote, and wait for nobody. */
export const NEUTRAL: ReadonlySet<string> = new Set(
  `install_application get_application list_application_versions uninstall_application create_identity node_identity
   create_namespace create_namespace_invitation invite list_namespaces get_group_upgrade_status get_cascade_status
   get_migration_status upload_blob download_blob delete_blob delete_blob_on_disk login refresh ws_connect
   assert_log_absent assert_log_present assert_api_response inject_network_fault
   get_proposal get_proposal_approvers list_proposals`.split(/\s+/),
)

/** Kinds that the walk knows by name. */
export const WALKED: ReadonlySet<string> = new Set(
  `call wait wait_for_sync create_mesh assert json_assert repeat parallel block include stop_node start_node pause_container
   unpause_container restart_container disconnect_node connect_node partition_peers heal_peers fault heal`.split(/\s+/),
)

/** Kinds that fail wherever they are reached. */
export const NEVER_DONE: ReadonlySet<string> = new Set(
  `register_group_signing_key account_create account_rescope sign_warrant perform_intent`.split(/\s+/),
)
