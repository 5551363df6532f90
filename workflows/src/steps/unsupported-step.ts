// Kinds that files may name and nothing can run: they plan with a warning, and fail when they are reached.
import { type TSchema, Type } from '@calbox/schemas'
import { closed } from './fields.ts'
import { StepError } from './step-error.ts'
import { defineStep, type StepKind } from './step-kind.ts'

export interface UnsupportedStep extends Pick<StepKind, 'kind' | 'summary'> {
  /** Why, and what to do instead. */
  readonly unsupported: string
  /** Undefined: any field is accepted, as nobody here knows them. */
  readonly fields?: Readonly<Record<string, TSchema>>
  /** True where the failure is that of the operation, which a file may expect. */
  readonly failsAsOperation?: boolean
}

export function unsupportedStep(step: UnsupportedStep): StepKind {
  const { kind, summary, unsupported, fields } = step
  const fails = step.failsAsOperation === true
  return defineStep({
    kind,
    summary,
    unsupported,
    schema: fields === undefined ? Type.Object({}, { additionalProperties: true }) : Type.Object(fields, closed),
    outputs: [],
    honoursExpectedFailure: fails,
    run: () => Promise.reject(new StepError(fails ? 'failed' : 'unsupported', `${kind} cannot be run: ${unsupported}`)),
  })
}
