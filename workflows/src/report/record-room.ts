// How much of what steps say goes into the record: each value bounded, and all of them together.
import type { FailureInfo } from '../run/events.ts'
import type { JsonValue } from '../values/json/json-value.ts'
import { stringifyLosslessJson } from '../values/json/lossless-json.ts'
import { RECORDED_FAILURE_MAX_CHARS, RECORDED_MAX_CHARS, RECORDED_PAYLOAD_MAX_CHARS } from './limits.ts'

type Values = Readonly<Record<string, JsonValue>>

export class RecordRoom {
  #leftChars = RECORDED_MAX_CHARS

  takes(chars: number): boolean {
    if (chars > this.#leftChars) return false
    this.#leftChars -= chars
    return true
  }

  value(value: JsonValue): JsonValue {
    const { kept, chars } = bounded(value)
    return this.takes(chars) ? kept : `(left out, the record is full: ${chars} characters)`
  }

  values(values: Values): Record<string, JsonValue> {
    return mapped(values, (value) => this.value(value))
  }

  /** Why something failed is never left out, but cut. */
  failure(failure: FailureInfo): FailureInfo {
    if (this.takes(JSON.stringify(failure).length)) return failure
    const { code, message, place, steps, node } = failure
    const cut = message.slice(0, RECORDED_FAILURE_MAX_CHARS)
    return { code, message: cut, ...(place && { place }), ...(steps && { steps }), ...(node !== undefined && { node }) }
  }
}

export function boundedMap(values: Values): Record<string, JsonValue> {
  return mapped(values, (value) => bounded(value).kept)
}

/** In place: the last ones stay. */
export function pushLast<Item>(list: Item[], items: readonly Item[], max: number): void {
  for (const item of items.slice(-max)) list.push(item)
  if (list.length > max) list.splice(0, list.length - max)
}

function bounded(value: JsonValue): { readonly kept: JsonValue; readonly chars: number } {
  const text = stringifyLosslessJson(value)
  const chars = text.length
  if (chars <= RECORDED_PAYLOAD_MAX_CHARS) return { kept: value, chars }
  return {
    kept: `${text.slice(0, RECORDED_PAYLOAD_MAX_CHARS)}… (${chars} characters)`,
    chars: RECORDED_PAYLOAD_MAX_CHARS,
  }
}

function mapped(values: Values, change: (value: JsonValue) => JsonValue): Record<string, JsonValue> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]))
}
