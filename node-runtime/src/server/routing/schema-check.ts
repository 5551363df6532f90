// How Fastify checks requests and writes responses here: against the routes' own TypeBox schemas, without compiling
// them at the start. Fastify's default compilers generate code for every route at every start, a sixth of the node's whole
// start-up, for bodies that are small; a check that walks the schema costs microseconds a request (`formats/fits.ts`).
import type { FastifySchemaCompiler, FastifyServerOptions } from 'fastify'
import type { TSchema } from 'typebox'
import { ServerError } from '../errors.ts'
import { fits } from '../formats/fits.ts'
import { PROBLEMS_NAMED_MAX } from '../limits.ts'
import { problemsOf } from './problem-text.ts'

/** Undefined when `value` fits; else what a client is told, e.g. `body/contextId must be string`. */
function refusalOf(schema: TSchema, part: string, value: unknown): ServerError | undefined {
  if (fits(schema, value)) return undefined
  // What was not sent at all.
  if (value === null || value === undefined)
    return new ServerError('BAD_REQUEST', `${part} is missing: it must be JSON`)
  const { texts, areAll } = problemsOf(schema, value)
  if (texts.length === 0) return new ServerError('BAD_REQUEST', `${part} has more problems than are looked for`)
  const named = texts.slice(0, PROBLEMS_NAMED_MAX).map((text) => `${part}${text}`)
  const left = texts.length - named.length
  const more = areAll ? (left === 0 ? '' : `; ${left} more`) : '; and more'
  return new ServerError('BAD_REQUEST', named.join('; ') + more)
}

const validatorCompiler: FastifySchemaCompiler<TSchema> =
  ({ schema, httpPart }) =>
  (value: unknown) => {
    const error = refusalOf(schema, httpPart ?? 'request', value)
    return error === undefined ? true : { error }
  }

const serializerCompiler = () => (value: unknown) => JSON.stringify(value)

// Given as factories, not set afterwards: without them Fastify loads its own compilers when it is created. Its types
// for the factories are those of ajv's, hence the cast; what it calls is what `setValidatorCompiler` takes.
const compilersFactory: unknown = {
  buildValidator: () => validatorCompiler,
  buildSerializer: () => serializerCompiler,
}

export const schemaController = { compilersFactory } as NonNullable<FastifyServerOptions['schemaController']>
