// Reading replies of nodes in step kinds.
import { hexOfBase58 } from '../values/base58.ts'
import { hasKey, isJsonObject, type JsonValue } from '../values/json/json-value.ts'
import { pythonStr } from '../values/python/python-text.ts'
import { shownText } from '../values/shown-value.ts'
import { StepError } from './step-error.ts'
import type { StepContext } from './step-kind.ts'

/** A reply with an `error` in it is a failure, whatever its HTTP status was. */
export function refuseError(node: string, attempted: string, reply: JsonValue): JsonValue {
  if (!isJsonObject(reply) || !hasKey(reply, 'error') || reply.error === null) return reply
  throw new StepError('failed', `${attempted} on ${node} was refused: ${shownText(reply.error)}`, { node })
}

/** A text that the reply must have; without it nothing after this step could work. */
export function textOf(node: string, attempted: string, reply: JsonValue, field: string): string {
  const value = isJsonObject(reply) && hasKey(reply, field) ? reply[field] : undefined
  if (typeof value === 'string' && value !== '') return value
  throw new StepError('failed', `${attempted} on ${node} gave a reply without "${field}": ${shownText(reply)}`, {
    node,
  })
}

/** First characters of an id, for lines that people read. */
export function shortId(id: JsonValue | undefined): string {
  const text = pythonStr(id)
  return text.length <= 14 ? text : `${text.slice(0, 12)}…`
}

/** So that whoever reads the log files finds the context there, where ids are in hex. */
export function noteContextId(context: Pick<StepContext, 'note'>, contextId: string): void {
  const hex = hexOfBase58(contextId)
  if (hex !== undefined) context.note('info', `context ${contextId} is ${hex} in the log files of nodes`)
}

/** Variables from fields of a reply: field → variable. A field that the reply lacks sets nothing. */
export function presentFields(reply: JsonValue, names: Readonly<Record<string, string>>): Record<string, JsonValue> {
  const found: Record<string, JsonValue> = {}
  if (!isJsonObject(reply)) return found
  for (const [field, variable] of Object.entries(names)) {
    if (hasKey(reply, field)) found[variable] = reply[field] ?? null
  }
  return found
}
