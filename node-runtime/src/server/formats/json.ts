// JSON in and out without losing 64-bit integers: numbers beyond 2^53 keep their source text.
import { type Bytes, fromUtf8 } from '../../base/bytes.ts'
import { ServerError } from '../errors.ts'

const INTEGER = /^-?\d+$/

/** Throws ServerError BAD_REQUEST. Large integers become raw JSON that `JSON.stringify` writes back unchanged. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, keepLargeIntegers)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ServerError('BAD_REQUEST', `the body is not JSON: ${why}`, { cause })
  }
}

function keepLargeIntegers(_key: string, value: unknown, context: { source?: string }): unknown {
  const { source } = context
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value
  return INTEGER.test(source) ? JSON.rawJSON(source) : value
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
