// The values that flow between steps. Everything a file, a reply or a variable can hold is a JsonValue.
//
//   Python / JSON text      here
//   1, -7, 2**53 - 1        number, an integer
//   2**64 - 1               bigint, only beyond the safe integers (a smaller one is a number)
//   1.5, 1e-7               number, not an integer
//   1.0, 1e3, -0.0          JsonFloat: a float whose value is an integer, so that it prints as 1.0
//   NaN, Infinity           number
//
// So a plain number is all that most code meets, and nothing is lost in a round trip.

export type JsonValue = null | boolean | number | bigint | string | JsonFloat | JsonValue[] | JsonObject
export interface JsonObject {
  [key: string]: JsonValue
}

/** A float whose value is integral. `jsonFloat()` makes one only where it is needed. */
export class JsonFloat {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** A measured value (seconds, rates) as a float, whatever it comes out as: 2 prints as 2.0. */
export function jsonFloat(value: number): number | JsonFloat {
  return Number.isInteger(value) ? new JsonFloat(value) : value
}

/** The integer as the smallest representation. */
export function jsonInteger(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonFloat)
}

/** An own property, `__proto__` included; never one of Object.prototype. */
export function hasKey(object: JsonObject, key: string): boolean {
  return Object.hasOwn(object, key) && object[key] !== undefined
}

const KEY_ORDER = Symbol('key order')
interface Ordered {
  [KEY_ORDER]?: readonly string[]
}

/**
 * Builds an object from entries; a later entry of the same key wins, in the place of the first. JavaScript moves keys
 * that look like array indexes to the front, which would change texts, so their order is remembered beside them.
 */
export function objectOf(entries: Iterable<readonly [string, JsonValue]>): JsonObject {
  const object: JsonObject = {}
  const keys: string[] = []
  let reordered = false
  for (const [key, value] of entries) {
    if (!Object.hasOwn(object, key)) {
      reordered ||= /^\d/.test(key)
      keys.push(key)
    }
    if (key === '__proto__')
      Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
    else object[key] = value
  }
  if (reordered) Object.defineProperty(object, KEY_ORDER, { value: keys })
  return object
}

/** Keys in the order they were written; keys without a value (undefined) are left out. */
export function keysOf(object: JsonObject): string[] {
  const keys = Object.keys(object)
  const written = (object as Ordered)[KEY_ORDER]
  const ordered =
    written !== undefined && written.length === keys.length && written.every((key) => Object.hasOwn(object, key))
      ? [...written]
      : keys
  return ordered.filter((key) => object[key] !== undefined)
}
