// The one error class of values/. Messages name the text or variable concerned and what was there instead.

export type ValuesErrorCode =
  | 'json_syntax'
  | 'json_limit'
  | 'not_json'
  | 'unresolved_placeholder'
  | 'capture_missing'
  | 'capture_form'
  | 'regex_unsupported'
  | 'regex_limit'
  | 'regex_syntax'

export class ValuesError extends Error {
  readonly code: ValuesErrorCode
  readonly data: Readonly<Record<string, unknown>>

  constructor(code: ValuesErrorCode, message: string, data: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.name = 'ValuesError'
    this.code = code
    this.data = data
  }

  /** The variable that is not set, where that is what is wrong. */
  get unset(): string | undefined {
    return this.code === 'unresolved_placeholder' ? String(this.data.name) : undefined
  }
}
