import { Type } from '@calbox/schemas'
import { closed } from '../fields.ts'
import { defineStep } from '../step-kind.ts'
import { containerField } from './container-field.ts'

export const unpauseContainer = defineStep({
  kind: 'unpause_container',
  summary: 'Let a paused node go on.',
  schema: Type.Object({ container: containerField }, closed),
  outputs: [],
  honoursExpectedFailure: false,
  async run(input, context, options) {
    await context.node(input.container).resume(options)
    return {}
  },
})
