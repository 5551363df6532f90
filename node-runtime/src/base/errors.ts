// The root of every error the node throws: a code from a closed union, plain-JSON data, and the cause kept.
// Each folder declares one subclass with its own union of codes.

export type ErrorData = Readonly<Record<string, unknown>>

/** An expected failure. `message` says what was attempted, on what, what was seen, and what to do. */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code
  readonly data: ErrorData

  constructor(code: Code, message: string, options: { data?: ErrorData; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.data = options.data ?? {}
  }
}

/** A broken promise of our own code. On in production; never used for peer or user input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`)
}
