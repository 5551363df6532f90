// Reads the Python literals that may stand in captured text: texts in either quotes, numbers, True/False/None, lists
// and maps of them. Tuples, sets, bytes, complex numbers and expressions are not values here and read as undefined.

import { type JsonObject, type JsonValue, jsonFloat, jsonInteger, objectOf } from '../json/json-value.ts'
import { INTEGER_DIGITS_MAX, NESTING_MAX } from '../limits.ts'
import { pythonStr } from './python-text.ts'

/** The value, or undefined where the whole text is not one such literal. Never throws. */
export function tryParsePythonLiteral(text: string): JsonValue | undefined {
  const reader = new LiteralReader(text)
  return reader.document()
}

const FLOAT =
  /(?:\d(?:_?\d)*\.(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?|\d(?:_?\d)*[eE][+-]?\d(?:_?\d)*/y
const INTEGER = /0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?0)*|[1-9](?:_?\d)*/y
const SPACE = /[ \t\n\r\f]*/y
const COMMENT = /#[^\n]*|\\\r?\n/y
const PREFIX = /(?:[uU]|[rR])?(?='|")/y
const WORDS: Readonly<Record<string, JsonValue>> = { True: true, False: false, None: null }
const ESCAPES: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

class LiteralReader {
  private readonly text: string
  private at = 0
  private depth = 0

  constructor(text: string) {
    this.text = text
  }

  document(): JsonValue | undefined {
    const value = this.value()
    this.skipSpace()
    return this.at === this.text.length ? value : undefined
  }

  private value(): JsonValue | undefined {
    this.skipSpace()
    const next = this.text[this.at]
    if (next === '[' || next === '{') return this.container(next)
    if (next === '(') return this.parenthesised()
    if (this.match(PREFIX, false) !== undefined) return this.joinedStrings()
    const word = this.match(/(?:True|False|None)\b/y)
    return word === undefined ? this.number() : WORDS[word]
  }

  private container(open: '[' | '{'): JsonValue | undefined {
    this.depth += 1
    if (this.depth > NESTING_MAX) return undefined
    this.at += 1
    const value = open === '[' ? this.list() : this.map()
    this.depth -= 1
    return value
  }

  private parenthesised(): JsonValue | undefined {
    this.depth += 1
    if (this.depth > NESTING_MAX) return undefined
    this.at += 1
    const value = this.value()
    this.depth -= 1
    return value !== undefined && this.take(')') ? value : undefined
  }

  private list(): JsonValue[] | undefined {
    const items: JsonValue[] = []
    while (!this.take(']')) {
      const item = this.value()
      if (item === undefined) return undefined
      items.push(item)
      if (!this.take(',')) return this.take(']') ? items : undefined
    }
    return items
  }

  private map(): JsonObject | undefined {
    const entries: [string, JsonValue][] = []
    while (!this.take('}')) {
      const key = this.value()
      if (key === undefined || (typeof key === 'object' && key !== null) || !this.take(':')) return undefined
      const value = this.value()
      if (value === undefined) return undefined
      entries.push([pythonStr(key), value])
      if (!this.take(',')) return this.take('}') ? objectOf(entries) : undefined
    }
    return objectOf(entries)
  }

  private number(): JsonValue | undefined {
    const sign = this.match(/[+-][ \t]*/y) ?? ''
    const negative = sign.startsWith('-')
    const float = this.match(FLOAT)
    if (float !== undefined) {
      const value = Number(float.replaceAll('_', ''))
      return this.endsNumber() ? jsonFloat(negative ? -value : value) : undefined
    }
    const digits = this.match(INTEGER)?.replaceAll('_', '')
    if (digits === undefined || digits.length > INTEGER_DIGITS_MAX || !this.endsNumber()) return undefined
    const value = BigInt(digits)
    return jsonInteger(negative ? -value : value)
  }

  private endsNumber(): boolean {
    return !/[\w.]/.test(this.text[this.at] ?? '')
  }

  private joinedStrings(): string | undefined {
    let result: string | undefined
    for (;;) {
      const prefix = this.match(PREFIX, false)
      if (prefix === undefined) return result
      this.at += prefix.length
      const part = this.string(prefix.toLowerCase() === 'r')
      if (part === undefined) return undefined
      result = (result ?? '') + part
      this.skipSpace()
    }
  }

  private string(raw: boolean): string | undefined {
    const quote = this.text[this.at] ?? ''
    const triple = this.text.startsWith(quote.repeat(3), this.at)
    const end = triple ? quote.repeat(3) : quote
    this.at += end.length
    let result = ''
    while (this.at < this.text.length) {
      if (this.text.startsWith(end, this.at)) {
        this.at += end.length
        return result
      }
      const sign = this.text[this.at] ?? ''
      if (sign === '\n' && !triple) return undefined
      const part = sign === '\\' ? this.escape(raw) : sign
      if (part === undefined) return undefined
      if (sign !== '\\') this.at += 1
      result += part
    }
    return undefined
  }

  private escape(raw: boolean): string | undefined {
    const letter = this.text[this.at + 1]
    if (letter === undefined) return undefined
    if (raw) return this.literally(2)
    const octal = this.match(/\\[0-7]{1,3}/y)
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal.slice(1), 8))
    const coded = this.match(/\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/y)
    if (coded !== undefined) return codePoint(Number.parseInt(coded.slice(2), 16))
    if (letter === 'x' || letter === 'u' || letter === 'U' || letter === 'N') return undefined
    const known = ESCAPES[letter]
    return known === undefined ? this.literally(2) : this.skipAs(known)
  }

  private literally(length: number): string {
    const part = this.text.slice(this.at, this.at + length)
    this.at += length
    return part
  }

  private skipAs(result: string): string {
    this.at += 2
    return result
  }

  private match(pattern: RegExp, consume = true): string | undefined {
    pattern.lastIndex = this.at
    const found = this.search(pattern)?.[0]
    if (found !== undefined && consume) this.at += found.length
    return found
  }

  private take(mark: string): boolean {
    this.skipSpace()
    if (this.text[this.at] !== mark) return false
    this.at += 1
    return true
  }

  /** Not one pattern for all of it: what repeats a choice needs room for each time. */
  private skipSpace(): void {
    do this.match(SPACE)
    while ('#\\'.includes(this.text[this.at] ?? ' ') && this.match(COMMENT) !== undefined)
  }

  /** A number of millions of digits takes more room than a search has: it is none. */
  private search(pattern: RegExp): RegExpExecArray | null {
    try {
      return pattern.exec(this.text)
    } catch (error) {
      if (error instanceof RangeError) return null
      throw error
    }
  }
}

function codePoint(code: number): string | undefined {
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined
}
