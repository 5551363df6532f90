// Whether a value is of a schema. A schema that is asked for often is compiled, which is a hundred times as fast as walking it;
// most are asked for a few times, and to compile all at the start would be a sixth of it.
import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { COMPILED_AFTER_CHECKS } from '../limits.ts'

interface Known {
  checks: number
  /** Once it is compiled. */
  check?: (value: unknown) => boolean
}

const schemas = new WeakMap<TSchema, Known>()

export function fits<Schema extends TSchema>(schema: Schema, value: unknown): value is Static<Schema> {
  const known = schemas.get(schema) ?? { checks: 0 }
  if (known.check) return known.check(value)
  known.checks += 1
  schemas.set(schema, known)
  // Where the engine may not make code of text it is walked for ever.
  if (known.checks === COMPILED_AFTER_CHECKS) compile(schema, known).catch(() => {})
  return Value.Check(schema, value)
}

/** The compiler is loaded where it is wanted. */
async function compile(schema: TSchema, known: Known): Promise<void> {
  const { Compile } = await import('typebox/compile')
  const validator = Compile(schema)
  known.check = (value) => validator.Check(value)
}
