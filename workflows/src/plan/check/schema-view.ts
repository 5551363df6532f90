// The schema keywords that plan can check, as data, and what they say in words.

import type { TSchema } from '@calbox/schemas'
import { JsonFloat } from '../../values/json/json-value.ts'
import type { SourceNode, ValuePath } from '../yaml/source-node.ts'

/** The schema keywords in use, as data. TypeBox objects are read through this view. */
export interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
}

const KEYWORDS: ReadonlySet<string> = new Set(
  `type properties patternProperties required additionalProperties items enum const anyOf oneOf allOf minimum maximum
   exclusiveMinimum exclusiveMaximum minLength maxLength pattern minItems maxItems uniqueItems minProperties
   maxProperties title description default examples deprecated format $id $schema $comment`.split(/\s+/),
)

export function viewOf(schema: TSchema): Schema {
  return schema as Schema
}

/** Schemas of step kinds are the same objects for every step. */
const asserted = new WeakSet<Schema>()
const expressions = new Map<string, RegExp>()

/** Patterns are those of schemas, so there are few. */
export function expressionOf(pattern: string): RegExp {
  const known = expressions.get(pattern) ?? new RegExp(pattern, 'u')
  expressions.set(pattern, known)
  return known
}

export function assertKeywords(schema: Schema): void {
  if (asserted.has(schema)) return
  for (const keyword in schema) {
    if (!KEYWORDS.has(keyword) && !keyword.startsWith('~')) {
      throw new Error(`assertion failed: plan cannot check the schema keyword "${keyword}"`)
    }
  }
  asserted.add(schema)
}

export function choicesOf(schema: Schema): readonly unknown[] | undefined {
  return schema.const === undefined ? schema.enum : [schema.const]
}

export function acceptsNull(schema: Schema): boolean {
  const alternatives = schema.anyOf ?? schema.oneOf
  if (alternatives !== undefined) return alternatives.some(acceptsNull)
  if (choicesOf(schema)?.includes(null)) return true
  return (
    schema.type === 'null' ||
    (schema.type === undefined && choicesOf(schema) === undefined && schema.allOf === undefined)
  )
}

/** Undefined: the field is not allowed. */
export function fieldSchema(schema: Schema, key: string): Schema | undefined {
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, key)) return schema.properties[key]
  for (const [pattern, field] of Object.entries(schema.patternProperties ?? {})) {
    if (expressionOf(pattern).test(key)) return field
  }
  if (schema.additionalProperties === false) return undefined
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {}
}

export const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i

export const NO_PLACEHOLDER = 'a placeholder cannot stand here: this field is read before the run'

export function typeHint(schema: Schema, node: SourceNode): string | undefined {
  if (node.kind !== 'scalar') return undefined
  if (schema.type === 'string' && node.value !== null) return 'put it in quotes'
  if (typeof node.value !== 'string') return undefined
  if (schema.type !== 'string' && node.value.includes('{{')) return NO_PLACEHOLDER
  const bare = schema.type === 'boolean' ? /^(?:true|false)$/i : /^-?\d+(?:\.\d+)?$/
  return bare.test(node.value) && schema.type !== 'array' && schema.type !== 'object' ? 'remove the quotes' : undefined
}

/** A field as it is written, and what it is for: `seconds: 1 (How long.)`. */
export function fieldText(name: string, schema: Schema): string {
  const about = schema.description === undefined ? '' : ` (${schema.description})`
  return `${name}: ${exampleOf(schema)}${about}`
}

function exampleOf(schema: Schema): string {
  const [choice] = choicesOf(schema) ?? []
  if (choice !== undefined) return String(choice)
  const [alternative] = schema.anyOf ?? schema.oneOf ?? []
  if (alternative !== undefined) return exampleOf({ ...alternative, default: schema.default ?? alternative.default })
  switch (schema.type) {
    case 'boolean':
      return 'true'
    case 'integer':
    case 'number':
      return String(schema.default ?? Math.max(1, schema.minimum ?? 1))
    case 'array':
      return '[…]'
    case 'object':
      return '{ … }'
    default:
      return '…'
  }
}

/** Its problems are those of a value of this type; what is a number in quotes counts as one. */
export function typeFits(schema: Schema, node: SourceNode): boolean {
  const alternatives = schema.anyOf ?? schema.oneOf
  if (alternatives !== undefined) return alternatives.some((each) => typeFits(each, node))
  if (node.kind !== 'scalar') return schema.type === (node.kind === 'map' ? 'object' : 'array')
  const { value } = node
  if (schema.type !== 'number' && schema.type !== 'integer') return typeof value === schema.type
  const isNumber = typeof value === 'number' || value instanceof JsonFloat
  return isNumber || (typeof value === 'string' && NUMBER.test(value.trim()))
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  array: 'a list',
  object: 'a map',
  null: 'nothing',
}

export function describe(schema: Schema): string {
  const choices = choicesOf(schema)
  if (choices !== undefined) return choices.map((choice) => JSON.stringify(choice)).join(' or ')
  const alternatives = schema.anyOf ?? schema.oneOf
  if (alternatives !== undefined) return alternatives.map(describe).join(' or ')
  return TYPE_WORDS[schema.type ?? ''] ?? 'another value'
}

export function describeNode(node: SourceNode): string {
  if (node.kind === 'map') return 'a map'
  if (node.kind === 'list') return 'a list'
  const value = node.value
  if (value === null) return 'nothing'
  if (typeof value === 'string')
    return `the text ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)}`
  return value instanceof JsonFloat ? `${value.value}.0` : String(value)
}

export function nameOf(path: ValuePath): string {
  const last = path.at(-1)
  if (last === undefined) return 'the file'
  return typeof last === 'string' ? `"${last}"` : `entry ${last + 1} of "${String(path.at(-2) ?? 'the list')}"`
}
