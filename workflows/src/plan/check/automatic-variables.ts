// Names that are set without `outputs` (reference 2.6, 2.7) or read from raw results (2.3): never reported as unknown.

const FAMILIES = /^(?:install|context|identity|invite)\.|^(?:execute|script|group_\d+_duration|__partition_network)_/

/** Followed by the name of a node. */
const OF_NODES =
  /^(?:app_id|app_path|context_id|context_member_public_key|public_key|namespace_id|namespace_invitation|subgroup_id|subgroup_member_public_key|subgroup_was_inherited|blob_id|member_identity|member_account)_(.+)$/

/** Of every loop: names that people mean. */
export const LOOP_NAMES = ['iteration', 'iteration_index']

const SINGLE: ReadonlySet<string> = new Set(
  `namespace_id context_id member_public_key group_id public_key memberIdentity member_account
   iteration iteration_index iteration_zero_based iteration_one_based current_step current_step_index
   total_iterations step_count duration_seconds duration_ms duration_ns throughput_ops_per_sec avg_time_per_op_ms
   group_count parallel_success_count parallel_failure_count
   overall_duration_seconds overall_duration_ms overall_duration_ns`.split(/\s+/),
)

/** Generous on purpose: a warning about a variable that is set would be worse than one that is missing. */
export function isAutomaticVariable(name: string, nodeNames: ReadonlySet<string>): boolean {
  if (SINGLE.has(name) || FAMILIES.test(name)) return true
  const node = OF_NODES.exec(name)?.[1]
  if (node !== undefined && nodeNames.has(node)) return true
  return /_duration_(?:seconds|ms|ns)$/.test(name)
}
