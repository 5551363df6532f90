import { Type } from '@calbox/schemas'
import { closed } from '../fields.ts'
import { defineStep } from '../step-kind.ts'
import { runInPlace } from './run-in-place.ts'

export const include = defineStep({
  kind: 'include',
  summary: 'Run the steps of another file. The key alone is enough: - include: setup.yml',
  schema: Type.Object(
    {
      include: Type.String({
        minLength: 1,
        description: 'The file, relative to the one that names it: a list of steps, or a map with steps and vars.',
      }),
    },
    closed,
  ),
  includes: 'include',
  hasNoReply: true,
  outputs: [],
  honoursExpectedFailure: false,
  run: (_input, context, options) => runInPlace(context, options),
})
