// The top level of the file but for nodes and steps. Unknown keys are warnings: the original passes them over.

import { type WorkflowSettings, workflowSettings } from '@calbox/schemas'
import { checkSchema, fieldNames } from '../check/check-schema.ts'
import { didYouMean } from '../did-you-mean.ts'
import type { PlannedTopology } from '../plan-types.ts'
import type { ProblemCollector } from '../problem.ts'
import { type MapNode, withEntries } from '../yaml/source-node.ts'
import { isExtra } from './misspelt-keys.ts'

const STRUCTURE = ['nodes', 'remote_nodes', 'steps']
/** Keys without a meaning that known files carry. */
const TOLERATED: ReadonlySet<string> = new Set(['image', 'result_dir'])

/** Undefined when a setting has a problem. */
export function readSettings(root: MapNode, problems: ProblemCollector): WorkflowSettings | undefined {
  const names = fieldNames(workflowSettings)
  const known = new Set(names)
  const entries = root.entries.filter((entry) => known.has(entry.key))
  for (const entry of root.entries) {
    if (known.has(entry.key) || STRUCTURE.includes(entry.key) || TOLERATED.has(entry.key)) continue
    if (isExtra(entry.key)) continue
    problems.add({
      severity: 'warning',
      code: 'unknown_field',
      span: entry.keySpan,
      path: [entry.key],
      message: `the top-level key "${entry.key}" is unknown and has no effect`,
      hint: didYouMean(entry.key, [...names, ...STRUCTURE]),
    })
  }
  const checked = checkSchema(workflowSettings, withEntries(root, entries), [], problems)
  return checked === undefined ? undefined : (checked as WorkflowSettings)
}

export function topologyOf(settings: WorkflowSettings): PlannedTopology | undefined {
  const topology = settings.topology
  if (topology === undefined) return undefined
  const { image, keypair } = topology.boot_node ?? {}
  return {
    type: topology.type,
    ...(topology.type === 'nat' ? { natMode: topology.nat_mode ?? 'cone' } : {}),
    ...(image === undefined ? {} : { bootNodeImage: image }),
    ...(keypair === undefined ? {} : { bootNodeKeypair: keypair }),
  }
}
