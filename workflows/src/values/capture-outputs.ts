// `outputs:` of a step (reference 2.2): which variables a payload gives. Strict: a path that is missing is an error.

import { nearest } from '../plan/did-you-mean.ts'
import { parseCaptured } from './captured-text.ts'
import { hasKey, isJsonObject, JsonFloat, type JsonObject, type JsonValue, keysOf } from './json/json-value.ts'
import { SHOWN_KEYS_MAX } from './limits.ts'
import { shortened } from './shortened.ts'
import { shownValue } from './shown-value.ts'
import { ValuesError } from './values-error.ts'

export interface CaptureRequest {
  readonly outputs: JsonObject
  /** The reply; one level of `data` is unwrapped here, and an error report is read as it is. */
  readonly payload: JsonValue
  /** Stands for `{node_name}` in a `target`. */
  readonly node?: string
  /** Names that this capture must leave alone (`call` binds its error fields first). */
  readonly keep?: ReadonlySet<string>
  /** The payload is variables, looked up by their names: none of the rules of replies holds for them. */
  readonly byName?: boolean
  /** Told of what the reply lacks, instead of an error. */
  readonly onMissing?: (error: ValuesError) => void
}

/**
 * The variables to set, in order. Throws `capture_missing`, listing what the reply has, or `capture_form`. In an error
 * report (`success: false` with an error field) a missing path is left out instead.
 */
export function captureOutputs(request: CaptureRequest): [string, JsonValue][] {
  const { byName = false } = request
  const report = !byName && isErrorReport(request.payload)
  const data = report || byName ? request.payload : unwrapData(request.payload)
  const captured: [string, JsonValue][] = []
  for (const variable of keysOf(request.outputs)) {
    const capture = readCapture(variable, request.outputs[variable] ?? null, request.node ?? '')
    const value = byName ? variableValue(capture, data) : captureValue(capture, data)
    if (request.keep?.has(capture.target)) continue
    if (value !== undefined) captured.push([capture.target, value])
    else if (!report)
      miss(byName ? unknownVariable(variable, capture, data) : missing(variable, capture, data), request)
  }
  return captured
}

function miss(error: ValuesError, { onMissing }: CaptureRequest): void {
  if (onMissing === undefined) throw error
  onMissing(error)
}

/** Failure details that a step reports as a payload, which `outputs` may read. */
export function isErrorReport(payload: JsonValue): boolean {
  if (!isJsonObject(payload) || payload.success !== false) return false
  return ['error_code', 'error_type', 'error_message'].some((key) => hasKey(payload, key))
}

/** `payload.data` where there is such a key, else the payload. */
export function unwrapData(payload: JsonValue): JsonValue {
  return isJsonObject(payload) && hasKey(payload, 'data') ? (payload.data ?? null) : payload
}

/** The sources that an `outputs` map names, for steps that treat some of them specially: variable -> source. */
export function outputSources(outputs: JsonObject): [string, string][] {
  return keysOf(outputs).map((variable) => {
    const capture = readCapture(variable, outputs[variable] ?? null, '')
    return [capture.target, capture.field ?? capture.path ?? '']
  })
}

/**
 * The value at a dotted path, re-reading texts before each descent and at the end; undefined where there is none.
 * Digits index a list; a key with a dot in it cannot be reached.
 */
export function capturePath(payload: JsonValue, path: string): JsonValue | undefined {
  if (path === '') return undefined
  const value = descend(payload, path, parseCaptured)
  return value === undefined ? undefined : parseCaptured(value)
}

/** The same without re-reading: what a text holds stays text. For assert_api_response and assert_ws_event. */
export function lookUpPath(payload: JsonValue, path: string): JsonValue | undefined {
  return descend(payload, path, (value) => value)
}

interface Capture {
  readonly target: string
  readonly field?: string
  readonly path?: string
  readonly parse: boolean
}

function readCapture(variable: string, form: JsonValue, node: string): Capture {
  if (typeof form === 'string') return { target: variable, path: form, parse: false }
  if (isJsonObject(form) && typeof form.field === 'string') {
    const target = typeof form.target === 'string' ? form.target : variable
    const base = { target: target.replaceAll('{node_name}', node), field: form.field, parse: isTruthy(form.json) }
    return typeof form.path === 'string' ? { ...base, path: form.path } : base
  }
  throw new ValuesError(
    'capture_form',
    `output ${shownValue(variable)} is ${shownValue(form)}: write a path ("result.output") or a map with "field"`,
    { variable },
  )
}

function captureValue(capture: Capture, data: JsonValue): JsonValue | undefined {
  if (capture.field === undefined) return capturePath(data, capture.path ?? '')
  if (!isJsonObject(data) || !hasKey(data, capture.field)) return undefined
  const field = data[capture.field] ?? null
  const value = capture.parse ? parseCaptured(field) : field
  return capture.path === undefined ? value : capturePath(value, capture.path)
}

/** A name may have dots in it: the longest one that is there is meant, and what follows is a path in its value. */
function variableValue(capture: Capture, variables: JsonValue): JsonValue | undefined {
  const { field, path = '' } = capture
  if (field !== undefined || !isJsonObject(variables)) return captureValue(capture, variables)
  if (hasKey(variables, path)) return variables[path]
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const name = path.slice(0, dot)
    if (hasKey(variables, name)) return capturePath(variables[name] ?? null, path.slice(dot + 1))
  }
  return undefined
}

function descend(start: JsonValue, path: string, open: (value: JsonValue) => JsonValue): JsonValue | undefined {
  let current: JsonValue = start
  for (const segment of path.split('.')) {
    const opened = open(current)
    let next: JsonValue | undefined
    if (Array.isArray(opened) && /^\d+$/.test(segment)) next = opened[Number(segment)]
    else if (isJsonObject(opened) && hasKey(opened, segment)) next = opened[segment]
    if (next === undefined) return undefined
    current = next
  }
  return current
}

function isTruthy(value: JsonValue | undefined): boolean {
  if (value instanceof JsonFloat) return value.value !== 0
  if (Array.isArray(value)) return value.length > 0
  return isJsonObject(value) ? keysOf(value).length > 0 : Boolean(value)
}

function missing(variable: string, capture: Capture, data: JsonValue): ValuesError {
  const segments = [...(capture.field === undefined ? [] : [capture.field]), ...(capture.path?.split('.') ?? [])]
  const source = segments.join('.')
  const { level, at } = deepest(data, segments, capture.field !== undefined)
  const above = segments.slice(0, at)
  const near = isJsonObject(level) ? nearest(segments[at] ?? '', keysOf(level)) : undefined
  const meant = [...above, near, ...segments.slice(at + 1)].join('.')
  const { field } = capture
  const isPath = at === 0 && field !== undefined && capturePath(data, field) !== undefined
  const suggestion = isPath
    ? `; "field" is one key, and ${shownValue(field)} is a path: write it as a text, without "field"`
    : near === undefined
      ? ''
      : `; did you mean ${shownValue(meant)}?`
  return new ValuesError(
    'capture_missing',
    `output ${shownValue(variable)} reads ${shownValue(source)}, which the reply does not have. ${available(level, above.join('.'))}${suggestion}`,
    { variable, source },
  )
}

function unknownVariable(variable: string, capture: Capture, variables: JsonValue): ValuesError {
  const source = capture.field ?? capture.path ?? ''
  const near = isJsonObject(variables) ? nearest(source, keysOf(variables)) : undefined
  const suggestion = near === undefined || near === source ? '' : `; did you mean ${shownValue(near)}?`
  const message = `output ${shownValue(variable)} reads ${shownValue(source)}, which is no variable here${suggestion}`
  return new ValuesError('capture_missing', message, { variable, source })
}

/** The last value that the path reaches, and the segment that it lacks. A field is looked for in what the reply is, unread. */
function deepest(data: JsonValue, segments: readonly string[], isField: boolean): { level: JsonValue; at: number } {
  let level = data
  for (const [at, segment] of segments.entries()) {
    const opened = at === 0 && isField ? level : parseCaptured(level)
    const isThere = isJsonObject(opened) && hasKey(opened, segment)
    const isOneKey = at === 0 && isField
    const next = isThere ? opened[segment] : isOneKey ? undefined : descend(opened, segment, (value) => value)
    if (next === undefined) return { level: opened, at }
    level = next
  }
  return { level, at: segments.length }
}

function available(level: JsonValue, above: string): string {
  const what = above === '' ? 'the reply' : shownValue(above)
  if (Array.isArray(level)) return `Available: ${what} is a list of ${level.length} (read it by index: 0.name)`
  if (!isJsonObject(level)) return `Available: ${what} is no map but ${shortened(shownValue(level), 100)}`
  const keys = keysOf(level).sort()
  if (keys.length === 0) return `Available: ${what} is empty`
  const shown = keys.slice(0, SHOWN_KEYS_MAX).join(', ') + (keys.length > SHOWN_KEYS_MAX ? ', …' : '')
  return `Available${above === '' ? '' : ` in ${what}`}: ${shown}`
}
