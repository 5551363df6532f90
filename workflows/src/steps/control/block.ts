import { Type } from '@calbox/schemas'
import { closed, nestedStepsField } from '../fields.ts'
import { defineStep } from '../step-kind.ts'
import { runInPlace } from './run-in-place.ts'

export const block = defineStep({
  kind: 'block',
  summary: 'Run steps as one: if, for_each, retry, timeout, eventually and vars of the block are for all of them.',
  schema: Type.Object({ steps: nestedStepsField }, closed),
  nested: [{ path: ['steps'], sharesVariables: true }],
  hasNoReply: true,
  outputs: [],
  honoursExpectedFailure: false,
  run: (_input, context, options) => runInPlace(context, options),
})
