// Which values of a list are in it before. Pure.
import { isJsonObject, JsonFloat, type JsonValue, keysOf } from '../../values/json/json-value.ts'
import { pythonEqual } from '../../values/python/python-equal.ts'

/** Positions of values that an earlier one is equal to. Lists may be long: each value is only compared with its like. */
export function repeatedValues(values: readonly JsonValue[]): number[] {
  const known = new Map<string, JsonValue[]>()
  return values.flatMap((value, at) => {
    const key = keyOf(value)
    const alike = known.get(key) ?? []
    if (alike.some((other) => pythonEqual(other, value))) return [at]
    alike.push(value)
    known.set(key, alike)
    return []
  })
}

/** The same for values that are equal. */
function keyOf(value: JsonValue): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof JsonFloat) return `${value.value}`
  if (Array.isArray(value)) return `[${value.map(keyOf).join()}]`
  if (isJsonObject(value)) {
    const keys = keysOf(value).sort()
    return `{${keys.map((key) => `${JSON.stringify(key)}:${keyOf(value[key] ?? null)}`).join()}}`
  }
  return value === null ? 'null' : `${Number(value)}`
}
