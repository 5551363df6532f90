// Requests made from the OpenAPI document: for each operation one that should be served, and those that should not be.
import { Value } from 'typebox/value'

export interface Schema {
  readonly [word: string]: unknown
}

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly schema: Schema
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>
}

export interface Operation {
  readonly method: string
  readonly path: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: Content
  readonly responses: Readonly<Record<string, Content>>
  /** Empty where it is public. */
  readonly security: readonly unknown[]
  readonly 'x-permission'?: string
}

export interface Asked {
  readonly kind: 'valid' | 'missing' | 'wrong type' | 'wrong id' | 'wrong query' | 'oversize'
  /** The field or parameter. */
  readonly what?: string
  readonly path: string
  readonly body?: unknown
}

/** Values that fit where the schema says less than the route wants: by the name of the field or parameter. */
export type Samples = Readonly<Record<string, unknown>>

/** Those that take something away last, each kind in the order of the document. */
export function operationsOf(document: unknown): Operation[] {
  const { paths } = document as { paths: Record<string, Record<string, Omit<Operation, 'method' | 'path'>>> }
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  )
  const takesAway = ({ method, path }: Operation) => method === 'DELETE' || /\/(leave|remove)$/.test(path)
  return [...all.filter((each) => !takesAway(each)), ...all.filter(takesAway)]
}

/** `missing`, `wrong type` and `wrong query` are refused with 400 by the schemas alone. */
export function requestsOf(operation: Operation, samples: Samples): Asked[] {
  const path = pathWith(operation, samples)
  const schema = operation.requestBody?.content?.['application/json']?.schema
  const body = schema && sampleOf(schema, samples)
  const asked: Asked[] = [{ kind: 'valid', path, body }]
  for (const { name, in: place, schema: declared } of operation.parameters ?? []) {
    if (place === 'path')
      asked.push({ kind: 'wrong id', what: name, path: pathWith(operation, { ...samples, [name]: '0Il' }), body })
    else if (!Value.Check(declared, 'x y'))
      asked.push({ kind: 'wrong query', what: name, path: `${path}?${name}=x%20y`, body })
  }
  if (schema === undefined) return asked
  asked.push({ kind: 'oversize', path })
  const { required = [], properties = {} } = objectIn(schema)
  for (const field of required) {
    const { [field]: _, ...others } = body as Record<string, unknown>
    asked.push({ kind: 'missing', what: field, path, body: others })
  }
  for (const [field, declared] of Object.entries(properties)) {
    const wrong = [7.5, 'text', true, {}, [{}]].find((value) => !Value.Check(declared, value))
    if (wrong === undefined) continue
    asked.push({ kind: 'wrong type', what: field, path, body: { ...(body as object), [field]: wrong } })
  }
  return asked
}

function pathWith({ path }: Operation, samples: Samples): string {
  return path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) =>
    encodeURIComponent(String(valueFor(path, name, samples))),
  )
}

/** `/namespaces/{ns}` may have another sample than `{ns}`: that of the path up to the parameter comes first. */
function valueFor(path: string, name: string, samples: Samples): unknown {
  const part = path
    .slice(0, path.indexOf(`{${name}}`))
    .split('/')
    .filter((word) => word !== '' && !word.startsWith('{'))
  return samples[name] === '0Il' ? '0Il' : (samples[`${part.at(-1)}.${name}`] ?? samples[name] ?? 'x')
}

interface ObjectSchema {
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
}

/** The object itself, or the one among what may stand there. */
function objectIn(schema: Schema): ObjectSchema {
  const choices = (schema.anyOf ?? [schema]) as readonly Schema[]
  return (choices.find(({ type }) => type === 'object') ?? {}) as ObjectSchema
}

function sampleOf(schema: Schema, samples: Samples): unknown {
  if ('const' in schema) return schema.const
  const choices = (schema.anyOf ?? schema.enum) as readonly Schema[] | undefined
  if (choices)
    return 'anyOf' in schema
      ? sampleOf(choices.find(({ type }) => type === 'object') ?? choices[0] ?? {}, samples)
      : choices[0]
  switch (schema.type) {
    case 'object': {
      const { required = [], properties = {} } = schema as ObjectSchema
      return Object.fromEntries(
        required.map((name) => [name, samples[name] ?? sampleOf(properties[name] ?? {}, samples)]),
      )
    }
    case 'array':
      return Array.from({ length: Number(schema.minItems ?? 0) }, () =>
        sampleOf((schema.items ?? {}) as Schema, samples),
      )
    case 'string':
      return typeof schema.pattern === 'string' && /\d+\}\$$/.test(schema.pattern) ? 'a'.repeat(128) : 'a'
    case 'integer':
    case 'number':
      return schema.minimum ?? 1
    case 'boolean':
      return true
    default:
      return null
  }
}
