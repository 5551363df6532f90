import { Type } from '@calbox/schemas'
import { closed } from '../fields.ts'
import { defineStep } from '../step-kind.ts'

export const wait = defineStep({
  kind: 'wait',
  summary: 'Wait for a fixed time. Prefer wait_for_sync, which ends as soon as the nodes agree.',
  schema: Type.Object(
    {
      seconds: Type.Integer({ minimum: 0, description: 'How long; at least 1.' }),
      message: Type.Optional(Type.String({ description: 'For readers of the file.' })),
    },
    closed,
  ),
  outputs: [],
  checks: ({ seconds }) =>
    seconds === 0 ? [{ path: ['seconds'], message: '"seconds" must be at least 1', severity: 'flaw' }] : [],
  hasNoReply: true,
  readsOnlyVariables: true,
  honoursExpectedFailure: false,
  async run(input, context, options) {
    await context.clock.sleep(input.seconds * 1000, options.signal)
    return {}
  },
})
