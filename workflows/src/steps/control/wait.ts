import { Type } from '@calbox/schemas'
import { closed } from '../fields.ts'
import { defineStep } from '../step-kind.ts'

export const wait = defineStep({
  kind: 'wait',
  summary: 'Wait for a fixed time. Prefer wait_for_sync, which ends as soon as the nodes agree.',
  schema: Type.Object(
    {
      seconds: Type.Integer({ minimum: 1, description: 'How long.' }),
      message: Type.Optional(Type.String({ description: 'For readers of the file.' })),
    },
    closed,
  ),
  outputs: [],
  honoursExpectedFailure: false,
  async run(input, context, options) {
    await context.clock.sleep(input.seconds * 1000, options.signal)
    return {}
  },
})
