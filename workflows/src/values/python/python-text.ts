// The texts of Python's str() and repr(), which comparisons and embedded placeholders are made of.

import { JsonFloat, type JsonValue, keysOf } from '../json/json-value.ts'

/** `str(value)`: a text is itself, everything else as in `pythonRepr`. */
export function pythonStr(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : pythonRepr(value)
}

/** `repr(value)`. Never throws; a value that is missing altogether reads None. */
export function pythonRepr(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return 'None'
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return numberText(value)
  if (value instanceof JsonFloat) return pythonFloatText(value.value)
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`
  return `{${keysOf(value)
    .map((key) => `${quoted(key)}: ${pythonRepr(value[key])}`)
    .join(', ')}}`
}

function numberText(value: number): string {
  if (!Number.isInteger(value)) return pythonFloatText(value)
  return Number.isSafeInteger(value) ? String(value + 0) : BigInt(value).toString()
}

/** Shortest digits that read back the same; an exponent below 1e-4 and from 1e16 on; always a point or an exponent. */
export function pythonFloatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const [mantissa = '0', exponentText = '0'] = Math.abs(value).toExponential().split('e')
  const digits = mantissa.replace('.', '')
  const exponent = Number(exponentText)
  if (exponent < -4 || exponent >= 16) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
    const power = String(Math.abs(exponent)).padStart(2, '0')
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${power}`
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`
}

/** Everything that is neither a letter-like sign nor the plain space: controls, format signs, unassigned, separators. */
const UNPRINTABLE = /[\p{C}\p{Z}]/u
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' }

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  let result = quote
  for (const sign of text) result += escaped(sign, quote)
  return result + quote
}

function escaped(sign: string, quote: string): string {
  if (sign === quote) return `\\${quote}`
  const named = NAMED[sign]
  if (named !== undefined) return named
  if (sign === ' ' || !UNPRINTABLE.test(sign)) return sign
  const code = sign.codePointAt(0) ?? 0
  const hex = code.toString(16)
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}
