// Optional keys that any step may have: whether, how often, how long and against what it is run. A field of the same name
// that a kind has itself keeps the kind's meaning.

import type { Static } from 'typebox'
import { Type } from '../type.ts'
import { durationField } from './duration.ts'

const closed = { additionalProperties: false } as const

/** Longest time that can be given, seconds: seven days. Timers of the platform end at 24. */
export const DURATION_MAX_SEC = 604_800

/** Tries in all; more are a mistake, not patience. */
const ATTEMPTS_MAX = 1_000

const duration = (description: string, seconds = {}) =>
  durationField(description, { maximum: DURATION_MAX_SEC, ...seconds })
const attempts = Type.Integer({
  minimum: 1,
  maximum: ATTEMPTS_MAX,
  description: 'Tries in all, the first one included.',
})
const statement = Type.String({ minLength: 1, description: 'A statement as in `assert`, or one of `json_assert`.' })

export const stepControls = Type.Object({
  if: Type.Optional(
    Type.Union([Type.Boolean(), statement, Type.Array(statement, { minItems: 1 })], {
      description:
        'Run the step only where this holds: statements as in `assert`, or a variable that is true or false.',
    }),
  ),
  for_each: Type.Optional(
    Type.Union(
      [
        Type.String({ minLength: 1 }),
        Type.Array(Type.Unknown()),
        Type.Object(
          {
            as: Type.Optional(
              Type.String({ pattern: '^[A-Za-z_]\\w*$', default: 'item', description: 'Name of the variable.' }),
            ),
            in: Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.Unknown())], {
              description: 'A list, or the placeholder of one.',
            }),
          },
          closed,
        ),
      ],
      {
        description:
          'Run the step once for each entry of a list, which is `{{item}}`; fields of a map are `{{item.key}}`.',
      },
    ),
  ),
  retry: Type.Optional(
    Type.Union(
      [
        attempts,
        Type.Object(
          {
            attempts,
            delay: Type.Optional(duration('Between two tries', { minimum: 0, default: 1 })),
            backoff: Type.Optional(
              Type.Number({ minimum: 1, maximum: 100, default: 1, description: 'Growth of the delay.' }),
            ),
          },
          closed,
        ),
      ],
      { description: 'Try again when the step fails.' },
    ),
  ),
  timeout: Type.Optional(duration('How long one try of the step may take, then it is aborted and has failed')),
  eventually: Type.Optional(
    Type.Union(
      [
        Type.Boolean(),
        duration('Within this time'),
        Type.Object(
          {
            within: Type.Optional(duration('How long to go on (30 s)')),
            every: Type.Optional(duration('Between two checks; not given: growing, up to 0.5 s')),
          },
          closed,
        ),
      ],
      { description: 'Run the step again until it passes: for what becomes true by itself.' },
    ),
  ),
  expect: Type.Optional(
    Type.Union(
      [
        statement,
        Type.Array(Type.Union([statement, Type.Object({ statement, message: Type.Optional(Type.String()) }, closed)]), {
          minItems: 1,
        }),
        Type.Record(Type.String(), Type.Unknown(), { minProperties: 1 }),
      ],
      {
        description:
          'What must hold of the reply: statements, in which it is `{{reply}}` (of a call also `{{result}}` and `{{output}}`), or a map of dotted paths and the values they must have.',
      },
    ),
  ),
  after: Type.Optional(
    Type.Union([Type.Literal('sync'), Type.Object({ sync: duration('How long to wait at most') }, closed)], {
      description:
        '`sync`: wait until the node has applied what the calls before this one wrote in the context (30 s).',
    }),
  ),
  vars: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), { description: 'Variables that are set while the step runs.' }),
  ),
})
export type StepControls = Static<typeof stepControls>
