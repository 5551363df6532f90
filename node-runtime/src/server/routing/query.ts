// Query parameters come as text; the route's schema says what they are. Those that it does not declare are ignored.
import { type TObject, Type } from 'typebox'
import { Value } from 'typebox/value'
import { ServerError } from '../errors.ts'

const WHOLE = /^-?\d{1,15}$/

/** Throws ServerError BAD_REQUEST, naming the parameter. */
export function readQuery(schema: TObject, raw: unknown): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const [name, declared] of Object.entries(schema.properties)) {
    const value = givenIn(raw, name)
    if (value === undefined && Type.IsOptional(declared)) continue
    const typed = Type.IsInteger(declared) && typeof value === 'string' && WHOLE.test(value) ? Number(value) : value
    const [problem] = Value.Errors(declared, typed)
    if (problem) throw refused(name, problem.message, value)
    found[name] = typed
  }
  return found
}

function givenIn(raw: unknown, name: string): unknown {
  return typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>)[name] : undefined
}

function refused(name: string, why: string, value: unknown): ServerError {
  return new ServerError('BAD_REQUEST', `query parameter ${name} ${why}, not ${JSON.stringify(value)?.slice(0, 100)}`)
}
