// Python's float(): what an operand of `==`, `<`, … is worth as a number.

import { JsonFloat, type JsonValue } from '../json/json-value.ts'

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
  if (/[^\t-\r -\uffff]/.test(text)) return undefined // separators that str.strip() takes off, but float() does not
  const trimmed = pythonStrip(text)
  const special = SPECIAL.exec(trimmed)
  if (special !== null) {
    const size = special[2]?.toLowerCase() === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY
    return special[1] === '-' ? -size : size
  }
  return FLOAT.test(trimmed) ? Number(trimmed.replaceAll('_', '')) : undefined
}

/** Python's str.strip(): whitespace as Python sees it, which has the separators 1c to 1f but not the byte order mark. */
export function pythonStrip(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charCodeAt(start))) start += 1
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

const OTHER_SPACES: ReadonlySet<number> = new Set([0x20, 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000])

function isSpace(unit: number): boolean {
  if (unit < 0x20) return (unit >= 0x09 && unit <= 0x0d) || unit >= 0x1c
  return OTHER_SPACES.has(unit) || (unit >= 0x2000 && unit <= 0x200a)
}
