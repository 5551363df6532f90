// Fields that many kinds share, and the shape of a kind's schema.
import { Type } from '@calbox/schemas'
import type { StepProblem } from '../plan/check/step-schema.ts'
import { didYouMean } from '../plan/did-you-mean.ts'
import { isJsonObject } from '../values/json/json-value.ts'

/** The option of every kind's object schema: a field that the kind does not know is a typing error. */
export const closed = { additionalProperties: false } as const

export const nodeField = Type.String({ minLength: 1, description: 'Name of the node.' })
export const applicationIdField = Type.String({ minLength: 1, description: 'Application id.' })
export const contextIdField = Type.String({ minLength: 1, description: 'Context id.' })
export const groupIdField = Type.String({ minLength: 1, description: 'Group id; a namespace id is one, too.' })
export const namespaceIdField = Type.String({ minLength: 1, description: 'Namespace id.' })
export const memberIdField = Type.String({ minLength: 1, description: 'Account id of the member.' })
export const nestedStepsField = Type.Array(Type.Unknown(), { minItems: 1, description: 'Steps of any kind.' })
export const nodesField = Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String(), { minItems: 1 })], {
  description: 'Name of a node, or a list of names.',
})

/** Of a map that the original does not look at closely: what has no meaning is warned of. */
export function unknownKeys(
  value: unknown,
  known: readonly string[],
  path: readonly (string | number)[],
): StepProblem[] {
  if (!isJsonObject(value)) return []
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => {
      const hint = didYouMean(key, known, `known fields: ${known.join(', ')}`)
      return {
        path: [...path, key],
        message: `"${key}" has no effect here`,
        severity: 'warning',
        ...(hint && { hint }),
      }
    })
}

/** A field that takes one name or a list of them. */
export function asList(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value
}
