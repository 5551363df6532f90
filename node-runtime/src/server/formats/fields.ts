// Kinds of fields that JSON Schema has no cheap or exact word for.
import { Type } from 'typebox'

/**
 * Bytes as a JSON list of integers. Checked in one loop: walking a schema of items costs some 10 µs each, and a request
 * may carry a million of them.
 */
export function ByteList(maxItems: number) {
  return Type.Refine(
    Type.Unsafe<number[]>({ type: 'array', maxItems }),
    (value) => firstWrong(value) === -1,
    (value) => {
      const index = firstWrong(value)
      const seen = JSON.stringify((value as readonly unknown[])[index])?.slice(0, SHOWN_CHARS)
      return `must be a list of integers from 0 to 255; item ${index} is ${seen}`
    },
  )
}

/** Text of at most `maxBytes` bytes of UTF-8: what goes into operations is bounded in bytes. */
export function Text(maxBytes: number, minLength = 0) {
  return Type.Refine(
    Type.String({ minLength }),
    (value) => typeof value !== 'string' || Buffer.byteLength(value) <= maxBytes,
    () => `must not have more than ${maxBytes} bytes`,
  )
}

const SHOWN_CHARS = 40

/** -1 for a list of bytes; also for what is no list, of which the schema has its own word. */
function firstWrong(value: unknown): number {
  if (!Array.isArray(value)) return -1
  return value.findIndex((item) => !Number.isInteger(item) || item < 0 || item > 255)
}

/** Absent, `null` or such a text. */
export function OptionalText(maxBytes: number, minLength = 0) {
  return Type.Optional(Type.Union([Text(maxBytes, minLength), Type.Null()]))
}
