// Names that apps import and this host knows but does not serve. A module with them loads and runs; only a call that
// reaches one traps, naming it.
import { unsupportedFunction } from './host-function.ts'

const ORDERED_INDEX = [
  'storage_index_set',
  'storage_index_remove',
  'storage_index_remove_prefix',
  'storage_index_scan',
  'storage_index_last',
  'storage_index_meta_set',
  'storage_index_meta_get',
  'storage_index_meta_clear',
]

const CONTEXT_MUTATION = [
  'context_create',
  'context_delete',
  'context_add_member',
  'context_remove_member',
  'context_is_member',
  'context_members',
  'context_resolve_alias',
]

/** Served for a few weeks of 2024 only, before the first release of the reference host. */
const PRE_RELEASE = ['send_action', 'commit_root', 'generate_uuid']

export const unsupportedFunctions = [...ORDERED_INDEX, ...CONTEXT_MUTATION, ...PRE_RELEASE].map((name) =>
  unsupportedFunction(name),
)
