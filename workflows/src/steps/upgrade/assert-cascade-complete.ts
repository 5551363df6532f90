import { Type } from '@calbox/schemas'
import { closed } from '../fields.ts'
import { defineStep } from '../step-kind.ts'
import { awaitComplete, completeFields } from './await-complete.ts'
import { cascadeOutputs, cascadeSummary, saysCascade } from './cascade-summary.ts'

export const assertCascadeComplete = defineStep({
  kind: 'assert_cascade_complete',
  summary: 'Wait until an upgrade has completed in every group of a namespace; fails as soon as one has failed.',
  schema: Type.Object(completeFields, closed),
  outputs: cascadeOutputs,
  honoursExpectedFailure: true,
  run(input, context, options) {
    const isComplete = ({ all_completed }: { all_completed?: unknown }) => all_completed === true
    const completion = { route: 'cascade-status', summarise: cascadeSummary, says: saysCascade, isComplete }
    return awaitComplete(completion, input, context, options)
  },
})
