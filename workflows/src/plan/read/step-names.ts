// The step types of merobox 0.6.62: what is none of ours but one of these is "not supported", not "unknown".

/** All 105 names. */
export const UPSTREAM_STEP_TYPES: ReadonlySet<string> = new Set(
  `install_application uninstall_application get_application list_application_versions
   create_context delete_context join_context leave_context create_identity node_identity resync_context create_mesh
   create_namespace create_group delete_namespace list_namespaces create_namespace_invitation create_group_invitation
   join_namespace join_group invite invite_open invite_identity join join_open leave_namespace leave_group
   create_group_in_namespace list_namespace_groups reparent_group list_subgroups add_group_members remove_group_members
   list_group_members list_group_contexts get_group_info update_member_role set_member_capabilities
   get_member_capabilities set_default_capabilities set_member_auto_follow set_subgroup_visibility
   set_default_visibility join_subgroup_inheritance delete_group detach_context_from_group sync_group
   set_group_metadata get_group_metadata set_member_metadata get_member_metadata set_context_metadata
   get_context_metadata register_group_signing_key
   call wait wait_for_sync repeat parallel fuzzy_test script
   stop_node start_node pause_container unpause_container restart_container disconnect_node connect_node
   partition_peers heal_peers inject_network_fault node_exec
   upload_blob download_blob delete_blob delete_blob_on_disk
   upgrade_group cascade_namespace_application get_group_upgrade_status retry_group_upgrade get_cascade_status
   assert_cascade_complete get_migration_status assert_migration_complete abort_migration
   account_create account_pair account_revoke set_tee_admission_policy tee_fleet_join assert_tee_member
   assert_not_member
   login refresh ws_connect ws_subscribe assert_ws_event assert_api_response
   assert json_assert assert_log_present assert_log_absent
   get_proposal list_proposals get_proposal_approvers`.split(/\s+/),
)

/** Types whose keys the original does not check: an unknown key is a warning there. */
export const LOOSE_STEP_TYPES: ReadonlySet<string> = new Set(
  `assert_not_member assert_tee_member leave_context leave_group leave_namespace set_tee_admission_policy tee_fleet_join
   start_node stop_node`.split(/\s+/),
)
