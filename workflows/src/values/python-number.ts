// Python's float(): what an operand of `==`, `<`, … is worth as a number.

import { type JsonValue, JsonFloat } from './json-value.ts'

const FLOAT = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?$/
const SPECIAL = /^([+-]?)(inf|infinity|nan)$/i

/** The number, or undefined where Python raises (None, lists, maps, other texts, integers beyond the float range). */
export function pythonFloat(value: JsonValue | undefined): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value instanceof JsonFloat) return value.value
  if (typeof value === 'bigint') return finite(Number(value))
  return typeof value === 'string' ? floatOfText(value) : undefined
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined
}

function floatOfText(text: string): number | undefined {
  const trimmed = pythonStrip(text)
  const special = SPECIAL.exec(trimmed)
  if (special !== null) {
    const size = special[2]?.toLowerCase() === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY
    return special[1] === '-' ? -size : size
  }
  return FLOAT.test(trimmed) ? Number(trimmed.replaceAll('_', '')) : undefined
}

/** Python's str.strip(): whitespace as Python sees it, which has the four separators but not the byte order mark. */
export function pythonStrip(text: string): string {
  return text.replace(LEADING, '').replace(TRAILING, '')
}

const LEADING = /^[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/
const TRAILING = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/
