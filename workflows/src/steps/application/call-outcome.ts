// What `call` makes of a JSON-RPC envelope: an answer, an error, or "the state is not there yet".
import { hasKey, isJsonObject, type JsonObject, type JsonValue, keysOf } from '../../values/json/json-value.ts'
import { pythonStr } from '../../values/python/python-text.ts'
import { shownText } from '../../values/shown-value.ts'

/** The four fields that a failure can be captured by. */
export const ERROR_FIELDS: readonly string[] = ['error_code', 'error_type', 'error_message', 'error']

/** The `error` of the envelope, or undefined. */
export function rpcErrorOf(envelope: JsonValue): JsonValue | undefined {
  return isJsonObject(envelope) && hasKey(envelope, 'error') && envelope.error !== null ? envelope.error : undefined
}

/** For people. */
export function rpcErrorText(error: JsonValue): string {
  return errorText(error, shownText)
}

/** `expected_error` may be written for what people read here, or for what the original prints. */
export function rpcErrorMatches(error: JsonValue, wanted: string): boolean {
  return rpcErrorText(error).includes(wanted) || errorText(error, pythonStr).includes(wanted)
}

function errorText(error: JsonValue, toText: (value: JsonValue) => string): string {
  if (!isJsonObject(error)) return `JSON-RPC error returned: ${toText(error)}`
  const type = hasKey(error, 'type') ? toText(error.type ?? null) : 'Unknown'
  const data = hasKey(error, 'data') ? toText(error.data ?? null) : 'No details'
  return `JSON-RPC error returned: ${type} - ${data}`
}

/** True for errors that go away by themselves once the context's state has arrived. */
export function isStateMissing(error: JsonValue): boolean {
  if (!isJsonObject(error)) return false
  if (error.type === 'Uninitialized') return true
  const said = pythonStr(error.message ?? error.data ?? '')
  return /Failed to find or read app state/.test(said) || /state not initialized|awaiting state sync/i.test(said)
}

/** The failure as a payload that `outputs` may read. */
export function errorReport(error: JsonValue, envelope: JsonValue): JsonObject {
  const details = isJsonObject(error) ? error : {}
  const text = isJsonObject(error) ? (details.message ?? details.data ?? null) : error
  return {
    success: false,
    expected: true,
    error_code: details.code ?? null,
    error_type: details.type ?? null,
    error_message: text === null ? null : pythonStr(text),
    error,
    data: envelope,
  }
}

/** What the four fields are when a call that may fail did not. */
export function noErrorReport(): JsonObject {
  return { success: false, expected: true, error_code: null, error_type: null, error_message: null, error: null }
}

/** The variables that `outputs` binds to one of the four fields. */
export function errorTargets(outputs: JsonObject, node: string): Set<string> {
  const targets = new Set<string>()
  for (const variable of keysOf(outputs)) {
    const form = outputs[variable]
    const map = isJsonObject(form) ? form : { field: form ?? null }
    if (typeof map.field !== 'string' || !ERROR_FIELDS.includes(map.field)) continue
    const target = typeof map.target === 'string' ? map.target : variable
    targets.add(target.replaceAll('{node_name}', node))
  }
  return targets
}
