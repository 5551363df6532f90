import { Type } from '@calbox/schemas'
import { closed } from '../fields.ts'
import { defineStep } from '../step-kind.ts'
import { containerField } from './container-field.ts'

export const pauseContainer = defineStep({
  kind: 'pause_container',
  summary: 'Hold a node still: it does nothing and answers nobody until unpause_container.',
  schema: Type.Object({ container: containerField }, closed),
  outputs: [],
  honoursExpectedFailure: false,
  async run(input, context, options) {
    await context.node(input.container).pause(context.place, options)
    return {}
  },
})
