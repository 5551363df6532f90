// What every step has, whatever its kind. The kinds' own fields are declared beside the kinds.

import type { Static } from 'typebox'
import { Type } from '../type.ts'

/** `field` reads a top-level key as it is, `path` goes on below it, `json` re-reads a text. */
export const outputCapture = Type.Union([
  Type.String({ description: 'A dotted path in the reply: result.output' }),
  Type.Object({
    field: Type.String(),
    json: Type.Optional(Type.Boolean()),
    path: Type.Optional(Type.String()),
    target: Type.Optional(Type.String({ description: 'The variable; {node_name} stands for the node' })),
  }),
])

export const commonStepFields = Type.Object({
  name: Type.Optional(Type.String({ description: 'Shown in reports' })),
  type: Type.String({ description: 'The kind of the step' }),
  outputs: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'variable: path in the reply' })),
  description: Type.Optional(Type.String()),
  expected_failure: Type.Optional(Type.Boolean({ description: 'Pass when the operation fails' })),
  expected_error: Type.Optional(Type.String({ description: 'Text that the failure must contain' })),
  token: Type.Optional(Type.String({ description: 'Bearer token to use instead of the cached one' })),
})
export type CommonStepFields = Static<typeof commonStepFields>

/** Of a step whose kind is told by another key. */
export const untypedStepFields = Type.Object({
  ...commonStepFields.properties,
  type: Type.Optional(commonStepFields.properties.type),
})
