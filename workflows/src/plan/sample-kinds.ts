// For tests: a handful of step kinds, enough to show every way in which plan reads one.

import { Type } from '@calbox/schemas'
import { type StepSchema, type StepSchemaRegistry, stepSchemaRegistry } from './check/step-schema.ts'

const closed = { additionalProperties: false }
const node = Type.String({ minLength: 1 })
const steps = Type.Array(Type.Unknown(), { minItems: 1 })

const samples: readonly StepSchema[] = [
  {
    kind: 'call',
    summary: 'Call a method',
    schema: Type.Object(
      {
        node,
        context_id: Type.String(),
        method: Type.String(),
        args: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
        state_retry_delay: Type.Optional(Type.Number({ minimum: 0 })),
      },
      closed,
    ),
  },
  { kind: 'wait', summary: 'Wait', schema: Type.Object({ seconds: Type.Integer({ exclusiveMinimum: 0 }) }, closed) },
  {
    kind: 'wait_for_sync',
    summary: 'Wait until nodes agree',
    schema: Type.Object(
      {
        nodes: Type.Array(Type.String(), { minItems: 2, uniqueItems: true }),
        context_id: Type.Optional(Type.String()),
        group_id: Type.Optional(Type.String()),
        timeout: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
        trigger_sync: Type.Optional(Type.Boolean()),
        expect: Type.Optional(Type.Object({ method: Type.String(), equals: Type.Unknown() }, closed)),
      },
      closed,
    ),
    checks: (input) =>
      input.context_id === undefined && input.group_id === undefined
        ? [{ path: [], message: 'wait_for_sync needs context_id or group_id', hint: 'say what has to agree' }]
        : [],
  },
  {
    kind: 'install_application',
    summary: 'Install',
    schema: Type.Object({ node, path: Type.Optional(Type.String()), dev: Type.Optional(Type.Boolean()) }, closed),
    exportedVariables: ['installed_on_{node}'],
  },
  {
    kind: 'create_namespace',
    aliases: ['create_group'],
    summary: 'Create a namespace',
    schema: Type.Object({ node, application_id: Type.String() }, closed),
  },
  {
    kind: 'assert',
    summary: 'Assert',
    schema: Type.Object({ statements: Type.Array(Type.Unknown(), { minItems: 1 }) }, closed),
  },
  { kind: 'script', summary: 'Run a script', schema: Type.Object({ script: Type.String() }, closed) },
  {
    kind: 'stop_node',
    summary: 'Stop',
    schema: Type.Object({ nodes: Type.Union([Type.String(), Type.Array(Type.String())]) }, closed),
  },
  {
    kind: 'set_subgroup_visibility',
    summary: 'Set visibility',
    schema: Type.Object({ node, visibility: Type.Union([Type.Literal('open'), Type.Literal('restricted')]) }, closed),
  },
  {
    kind: 'repeat',
    summary: 'Repeat',
    schema: Type.Object({ count: Type.Integer({ minimum: 1 }), steps }, closed),
    nested: [{ path: ['steps'] }],
  },
  {
    kind: 'parallel',
    summary: 'Run at once',
    schema: Type.Object(
      {
        groups: Type.Array(
          Type.Object(
            { name: Type.Optional(Type.String()), count: Type.Optional(Type.Integer({ minimum: 1 })), steps },
            closed,
          ),
          { minItems: 1 },
        ),
      },
      closed,
    ),
    nested: [{ path: ['groups', '*', 'steps'] }],
  },
  {
    kind: 'fuzzy_test',
    summary: 'Random load',
    schema: Type.Object({ operations: Type.Array(Type.Object({ name: Type.String(), steps })) }, closed),
    nested: [{ path: ['operations', '*', 'steps'], severity: 'warning' }],
  },
  {
    kind: 'get_proposal',
    summary: 'Get a proposal',
    schema: Type.Object({}, closed),
    unsupported: 'nodes no longer have proposals: delete this step',
  },
]

export const sampleKinds: StepSchemaRegistry = stepSchemaRegistry(samples)
export const sampleKindList = samples
