// JSON in and out without losing 64-bit integers: numbers beyond 2^53 keep their source text. What one text costs is
// bounded: a reviver would be called for each of a million values of a body.
import { randomUUID } from 'node:crypto'
import { type Bytes, fromUtf8 } from '../../base/bytes.ts'
import { ServerError } from '../errors.ts'
import { JSON_DEPTH_MAX } from '../limits.ts'

const INTEGER = /^-?\d+$/
/** No shorter one is beyond 2^53. */
const LARGE_CHARS = 16
/** Before the digits of a large integer, while it is a text. Nobody outside can know it, so nobody can write it. */
const MARK = randomUUID()

/** Throws ServerError BAD_REQUEST. Large integers become raw JSON that `JSON.stringify` writes back unchanged. */
export function parseJson(text: string): unknown {
  try {
    const marked = withLargeIntegersMarked(text)
    return marked === text ? JSON.parse(text) : withRawIntegers(JSON.parse(marked))
  } catch (cause) {
    if (cause instanceof ServerError) throw cause
    throw new ServerError('BAD_REQUEST', `the body is not JSON: ${whyNot(text)}`, { cause })
  }
}

/** In the words for the text as it was sent. */
function whyNot(text: string): string {
  try {
    JSON.parse(text)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return 'it has a number that is none'
}

/** Throws ServerError BAD_REQUEST where it is nested too deeply: whoever looks at it then may be recursive. */
function withLargeIntegersMarked(text: string): string {
  let marked = ''
  let done = 0
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at)
    if (char === QUOTE) at = endOfString(text, at)
    else if (char === BRACKET || char === BRACE) {
      depth += 1
      if (depth > JSON_DEPTH_MAX) {
        throw new ServerError('BAD_REQUEST', `the body is nested more than ${JSON_DEPTH_MAX} levels deep`)
      }
    } else if (char === BRACKET_END || char === BRACE_END) depth -= 1
    else if (char === MINUS || isDigit(char)) {
      const from = at
      while (isOfNumber(text.charCodeAt(at + 1))) at += 1
      if (at + 1 - from < LARGE_CHARS) continue
      const source = text.slice(from, at + 1)
      if (!INTEGER.test(source) || Number.isSafeInteger(Number(source))) continue
      marked += `${text.slice(done, from)}"${MARK}${source}"`
      done = at + 1
    }
  }
  return marked + text.slice(done)
}

/** Where the quote is that ends it; the end of the text where there is none. */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1
    while (text.charCodeAt(before) === BACKSLASH) before -= 1
    if ((end - before) % 2 === 1) return end
  }
  return text.length
}

/** In place. No deeper than JSON_DEPTH_MAX. Throws for what is none where a number may not stand. */
function withRawIntegers(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith(MARK) ? JSON.rawJSON(value.slice(MARK.length)) : value
  if (typeof value !== 'object' || value === null) return value
  for (const key of Object.keys(value)) {
    if (key.startsWith(MARK)) throw new SyntaxError('a number is no key')
    const before: unknown = Reflect.get(value, key)
    const after = withRawIntegers(before)
    // A key `__proto__` is one like any other here.
    if (after !== before) {
      Object.defineProperty(value, key, { value: after, enumerable: true, writable: true, configurable: true })
    }
  }
  return value
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const BRACKET = 0x5b
const BRACKET_END = 0x5d
const BRACE = 0x7b
const BRACE_END = 0x7d
const MINUS = 0x2d

function isDigit(char: number): boolean {
  return char >= 0x30 && char <= 0x39
}

/** Digits, sign, point and exponent. */
function isOfNumber(char: number): boolean {
  return isDigit(char) || char === MINUS || char === 0x2b || char === 0x2e || char === 0x45 || char === 0x65
}

/** The bytes as JSON text to be put into a response as they are; undefined when they are no JSON. */
export function jsonTextOf(bytes: Bytes): string | undefined {
  try {
    const text = fromUtf8(bytes)
    JSON.parse(text)
    return text
  } catch {
    // Not UTF-8 or not JSON: the caller says so.
    return undefined
  }
}
