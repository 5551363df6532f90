// JSON text <-> JsonValue without loss: integers of any size stay exact, floats stay floats. Used by the HTTP client
// and for captured text. See json-value.ts for the representation.

import { INTEGER_DIGITS_MAX, NESTING_MAX } from '../limits.ts'
import { pythonFloatText } from '../python/python-text.ts'
import { shortened } from '../shortened.ts'
import { ValuesError } from '../values-error.ts'
import { JsonFloat, type JsonObject, type JsonValue, jsonFloat, jsonInteger, keysOf, objectOf } from './json-value.ts'

export interface JsonReadOptions {
  /** Accept NaN, Infinity and -Infinity as Python's reader does. Off for HTTP. */
  readonly nonFinite?: boolean
}

/** Throws ValuesError `json_syntax` (with `data.offset`) or `json_limit`. */
export function parseLosslessJson(text: string, options: JsonReadOptions = {}): JsonValue {
  const reader = new JsonReader(text, options.nonFinite ?? false)
  return reader.document()
}

/** The value, or undefined where the text is not JSON or exceeds a limit. */
export function tryParseLosslessJson(text: string, options: JsonReadOptions = {}): JsonValue | undefined {
  try {
    return parseLosslessJson(text, options)
  } catch (error) {
    if (error instanceof ValuesError) return undefined
    throw error
  }
}

/**
 * Compact JSON text of any value, for records and for people; `indent` spaces make it readable. NaN and the infinities, which
 * JSON lacks, are the texts "NaN", "Infinity" and "-Infinity".
 */
export function stringifyLosslessJson(value: JsonValue, indent = 0): string {
  return write(value, { indent, nonFinite: (number) => `"${number}"` }, '')
}

/** Compact JSON text for others, who would get another value instead. Throws `not_json` for NaN and infinities. */
export function exactJson(value: JsonValue): string {
  return write(value, { indent: 0, nonFinite: refuse }, '')
}

interface WriteOptions {
  readonly indent: number
  readonly nonFinite: (number: number) => string
}

function refuse(number: number): never {
  throw new ValuesError('not_json', `${pythonFloatText(number)} has no JSON form`)
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
/** Everything from the space on but the quote and the backslash. */
const PLAIN_STRING = /[ !#-[\]-\uffff]*/y
const WHITESPACE = /[ \t\n\r]*/y
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}
const WORDS: readonly (readonly [string, JsonValue])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
]
const NON_FINITE: readonly (readonly [string, JsonValue])[] = [
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]

class JsonReader {
  private readonly text: string
  private readonly words: readonly (readonly [string, JsonValue])[]
  private at = 0
  private depth = 0

  constructor(text: string, nonFinite: boolean) {
    this.text = text
    this.words = nonFinite ? [...WORDS, ...NON_FINITE] : WORDS
  }

  document(): JsonValue {
    const value = this.value()
    this.skipSpace()
    if (this.at < this.text.length) throw this.unexpected('the end of the text')
    return value
  }

  private value(): JsonValue {
    this.skipSpace()
    const first = this.text[this.at]
    if (first === '{') return this.nested(() => this.object())
    if (first === '[') return this.nested(() => this.array())
    if (first === '"') return this.string()
    for (const [word, value] of this.words) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length
        return value
      }
    }
    return this.number()
  }

  private nested<T>(read: () => T): T {
    this.depth += 1
    if (this.depth > NESTING_MAX)
      throw new ValuesError('json_limit', `JSON is nested deeper than ${NESTING_MAX} levels`)
    this.at += 1
    const value = read()
    this.depth -= 1
    return value
  }

  private object(): JsonObject {
    const entries: [string, JsonValue][] = []
    if (this.take('}')) return {}
    do {
      this.skipSpace()
      if (this.text[this.at] !== '"') throw this.unexpected('a key in double quotes')
      const key = this.string()
      if (!this.take(':')) throw this.unexpected('":"')
      entries.push([key, this.value()])
    } while (this.take(','))
    if (!this.take('}')) throw this.unexpected('"," or "}"')
    return objectOf(entries)
  }

  private array(): JsonValue[] {
    const items: JsonValue[] = []
    if (this.take(']')) return items
    do items.push(this.value())
    while (this.take(','))
    if (!this.take(']')) throw this.unexpected('"," or "]"')
    return items
  }

  private number(): JsonValue {
    NUMBER.lastIndex = this.at
    const match = NUMBER.exec(this.text)
    if (match === null) throw this.unexpected('a value')
    const digits = match[0]
    this.at += digits.length
    if (match[1] !== undefined || match[2] !== undefined) return jsonFloat(Number(digits))
    if (digits.length < 16) return Number(digits) + 0 // -0 is the integer 0
    if (digits.length > INTEGER_DIGITS_MAX) {
      throw new ValuesError(
        'json_limit',
        `an integer of ${digits.length} digits exceeds the limit of ${INTEGER_DIGITS_MAX}`,
      )
    }
    return jsonInteger(BigInt(digits))
  }

  private string(): string {
    this.at += 1
    let result = ''
    for (;;) {
      PLAIN_STRING.lastIndex = this.at
      const plain = PLAIN_STRING.exec(this.text)?.[0] ?? ''
      result += plain
      this.at += plain.length
      const next = this.text[this.at]
      if (next === '"') {
        this.at += 1
        return result
      }
      if (next !== '\\') throw this.unexpected('the closing quote of a string')
      result += this.escape()
    }
  }

  private escape(): string {
    const letter = this.text[this.at + 1] ?? ''
    if (letter === 'u') {
      const hex = this.text.slice(this.at + 2, this.at + 6)
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.unexpected('four hexadecimal digits after \\u')
      this.at += 6
      return String.fromCharCode(Number.parseInt(hex, 16))
    }
    const plain = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined
    if (plain === undefined) throw this.unexpected('a JSON escape')
    this.at += 2
    return plain
  }

  private take(mark: string): boolean {
    this.skipSpace()
    if (this.text[this.at] !== mark) return false
    this.at += 1
    return true
  }

  private skipSpace(): void {
    WHITESPACE.lastIndex = this.at
    WHITESPACE.exec(this.text)
    this.at = WHITESPACE.lastIndex
  }

  private unexpected(wanted: string): ValuesError {
    const seen = this.at < this.text.length ? `"${shortened(this.text.slice(this.at), 20)}"` : 'the end of the text'
    return new ValuesError('json_syntax', `JSON: expected ${wanted} at offset ${this.at}, found ${seen}`, {
      offset: this.at,
    })
  }
}

function write(value: JsonValue, options: WriteOptions, margin: string): string {
  const { indent, nonFinite } = options
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' || value instanceof JsonFloat) return writeNumber(value, nonFinite)
  if (typeof value !== 'object') return String(value)
  const isArray = Array.isArray(value)
  const inner = margin + ' '.repeat(indent)
  const parts = isArray
    ? value.map((item) => write(item, options, inner))
    : keysOf(value).map(
        (key) => `${JSON.stringify(key)}:${indent > 0 ? ' ' : ''}${write(value[key] ?? null, options, inner)}`,
      )
  const [open, close] = isArray ? ['[', ']'] : ['{', '}']
  if (parts.length === 0) return open + close
  if (indent === 0) return open + parts.join(',') + close
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${margin}${close}`
}

function writeNumber(value: number | JsonFloat, nonFinite: WriteOptions['nonFinite']): string {
  const number = value instanceof JsonFloat ? value.value : value
  if (!Number.isFinite(number)) return nonFinite(number)
  if (value instanceof JsonFloat || !Number.isInteger(value)) return pythonFloatText(number)
  return Number.isSafeInteger(value) ? String(value + 0) : BigInt(value).toString()
}
