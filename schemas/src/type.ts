// Makes the schemas of workflow files and step kinds: the JSON Schema that TypeBox makes of the same words, with TypeBox's
// types. Every command makes all of them when it starts; TypeBox itself, which is made for much more, takes a third of the
// time of `calbox validate` for that (bench/validate). The test beside this holds both against each other.
import type { Type as TypeBox } from 'typebox'

type Json = Readonly<Record<string, unknown>>

const optional = new WeakSet<Json>()

const words = {
  Any: (options?: Json) => ({ ...options }),
  Array: (items: Json, options?: Json) => ({ type: 'array', items, ...options }),
  Boolean: (options?: Json) => ({ type: 'boolean', ...options }),
  Integer: (options?: Json) => ({ type: 'integer', ...options }),
  Intersect: (allOf: readonly Json[], options?: Json) => ({ allOf, ...options }),
  Literal: (value: string | number | boolean, options?: Json) => ({ type: typeof value, const: value, ...options }),
  Null: (options?: Json) => ({ type: 'null', ...options }),
  Number: (options?: Json) => ({ type: 'number', ...options }),
  Object: (properties: Readonly<Record<string, Json>>, options?: Json) => {
    const required = Object.keys(properties).filter((name) => !optional.has(properties[name] ?? {}))
    return { type: 'object', ...(required.length > 0 && { required }), properties, ...options }
  },
  /** A copy: the same schema may be required elsewhere. */
  Optional: (schema: Json) => {
    const copy = { ...schema }
    optional.add(copy)
    return copy
  },
  /** Keys are texts: no other ones are used. */
  Record: (_texts: Json, value: Json, options?: Json) => ({
    type: 'object',
    patternProperties: { '^.*$': value },
    ...options,
  }),
  String: (options?: Json) => ({ type: 'string', ...options }),
  Union: (anyOf: readonly Json[], options?: Json) => ({ anyOf, ...options }),
  Unknown: (options?: Json) => ({ ...options }),
  Unsafe: (schema: Json) => ({ ...schema }),
}

/** Only the types know what a schema stands for: at run time it is the same JSON. */
export const Type = words as unknown as Pick<typeof TypeBox, keyof typeof words>
