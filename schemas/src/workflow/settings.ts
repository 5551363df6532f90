// The top level of a workflow file but for nodes and steps. Unknown keys are tolerated (with a warning).

import type { Static } from 'typebox'
import { Type } from '../type.ts'
import { durationField } from './duration.ts'

const flag = (description: string) => Type.Optional(Type.Boolean({ description, default: false }))

const bootNode = Type.Object({
  image: Type.Optional(Type.String()),
  keypair: Type.Optional(Type.String({ description: 'Path of its key file' })),
})

export const natTopology = Type.Object({
  type: Type.Literal('nat'),
  nat_mode: Type.Optional(Type.Union([Type.Literal('cone'), Type.Literal('symmetric')])),
  boot_node: Type.Optional(bootNode),
})

export const bootstrapTopology = Type.Object(
  { type: Type.Literal('bootstrap'), boot_node: Type.Optional(bootNode) },
  { additionalProperties: false },
)

export const workflowSettings = Type.Object({
  name: Type.String({ description: 'Shown in reports' }),
  description: Type.Optional(Type.String()),
  nuke_on_start: flag('Delete the data of these nodes, and of earlier ones of this workflow, before the start'),
  nuke_on_end: flag('The same after a successful run'),
  stop_all_nodes: flag('Stop the nodes at the end; otherwise they go on running'),
  restart: flag('Stop running nodes before the start; their data is kept'),
  wait_timeout: Type.Optional(
    durationField('Until each node must be ready', { isWhole: true, minimum: 1, default: 60 }),
  ),
  force_pull_image: flag('Pull images before the start, with --image-as-written'),
  auth_service: flag('Refused by run: there is no authentication service beside the nodes'),
  auth_image: Type.Optional(Type.String({ description: 'Accepted and without effect' })),
  auth_use_cached: flag('Accepted and without effect'),
  webui_use_cached: flag('Accepted and without effect'),
  auth_mode: Type.Optional(
    Type.String({
      description:
        '"proxy", the default: the nodes ask nobody who they are. "embedded": they check the tokens of their callers',
    }),
  ),
  log_level: Type.Optional(Type.String({ description: 'RUST_LOG of merod; without effect on other nodes' })),
  rust_backtrace: Type.Optional(Type.String({ description: 'RUST_BACKTRACE of merod; without effect on other nodes' })),
  e2e_mode: flag('Short sync intervals and local discovery'),
  bootstrap_nodes: Type.Optional(
    Type.Array(Type.String(), { description: 'Multiaddresses that replace the bootstrap list' }),
  ),
  preserve_default_bootstrap: flag("Keep the node's built-in bootstrap list in e2e_mode"),
  topology: Type.Optional(Type.Union([natTopology, bootstrapTopology])),
  vars: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description: 'Variables that are set before the first step; environment variables in texts are expanded',
    }),
  ),
  matrix: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description: 'Runs the file once for every combination: name → list of values, which are {{matrix.name}}',
    }),
  ),
  no_docker: flag('Run the nodes as processes, as they do unless --driver says otherwise'),
  binary_path: Type.Optional(
    Type.String({ description: 'The node program, with --driver merod; else without effect' }),
  ),
})
export type WorkflowSettings = Static<typeof workflowSettings>
