// Python's `==` on JSON-like values: maps in any order, 5 == 5.0, True == 1, but never text with number.

import { hasKey, isJsonObject, JsonFloat, type JsonValue, keysOf } from '../json/json-value.ts'

export function pythonEqual(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  const a = numeric(left)
  const b = numeric(right)
  if (a !== undefined || b !== undefined) return a !== undefined && b !== undefined && sameNumber(a, b)
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => pythonEqual(item, right[index]))
  }
  if (isJsonObject(left) && isJsonObject(right)) {
    const keys = keysOf(left)
    return (
      keys.length === keysOf(right).length &&
      keys.every((key) => hasKey(right, key) && pythonEqual(left[key], right[key]))
    )
  }
  return (left ?? null) === (right ?? null)
}

/** Numbers and booleans compare by value; bigint and float compare exactly, as `==` of JavaScript does too. */
function numeric(value: JsonValue | undefined): number | bigint | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value instanceof JsonFloat) return value.value
  return typeof value === 'number' || typeof value === 'bigint' ? value : undefined
}

function sameNumber(a: number | bigint, b: number | bigint): boolean {
  return !(a < b) && !(a > b) && !Number.isNaN(Number(a)) && !Number.isNaN(Number(b))
}
