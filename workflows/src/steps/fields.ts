// Fields that many kinds share, and the shape of a kind's schema.
import { Type } from '@calbox/schemas'

/** The option of every kind's object schema: a field that the kind does not know is a typing error. */
export const closed = { additionalProperties: false } as const

export const nodeField = Type.String({ minLength: 1, description: 'Name of the node; taken literally.' })
export const applicationIdField = Type.String({ minLength: 1, description: 'Application id.' })
export const contextIdField = Type.String({ minLength: 1, description: 'Context id.' })
export const groupIdField = Type.String({ minLength: 1, description: 'Group id; a namespace id is one, too.' })
export const namespaceIdField = Type.String({ minLength: 1, description: 'Namespace id.' })
export const nestedStepsField = Type.Array(Type.Unknown(), { minItems: 1, description: 'Steps of any kind.' })
export const nodesField = Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String(), { minItems: 1 })], {
  description: 'Name of a node, or a list of names.',
})

/** A field that takes one name or a list of them. */
export function asList(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value
}
