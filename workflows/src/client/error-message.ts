// The text of an HTTP failure. Workflows match it with `expected_error`: what the reference says of it stays findable.
import { hasKey, isJsonObject, type JsonValue } from '../values/json/json-value.ts'
import { CUT_MARK, shortened } from '../values/shortened.ts'
import { ERROR_MESSAGE_MAX_CHARS } from './limits.ts'

/** Of the reference for every 403, whatever the node said. */
export const FORBIDDEN = 'Access denied — your token may not have sufficient permissions.'

export interface Refusal {
  readonly status: number
  /** What the node said, or empty. */
  readonly detail: string
  /** One was sent, or asked for. */
  readonly isAboutToken: boolean
}

/** Completes `Client error: `. */
export function httpErrorMessage({ status, detail, isAboutToken }: Refusal): string {
  const said = shortened(detail, ERROR_MESSAGE_MAX_CHARS + CUT_MARK.length)
  const reason = said === '' ? `HTTP ${status}` : `HTTP ${status}: ${said}`
  // Without a token, and where none is asked for, it is about something else: who is no member, say.
  return status === 403 && (isAboutToken || /\btoken/i.test(detail)) ? `${reason} (${FORBIDDEN})` : reason
}

const AUTH_ERROR = /^\w{1,40}$/

/** Why a token was refused (`X-Auth-Error`); undefined where the node does not say it, or says something else. */
export function authErrorIn(value: string | string[] | null | undefined): string | undefined {
  return typeof value === 'string' && AUTH_ERROR.test(value) ? value : undefined
}

/** Follows the message of an HTTP failure. */
export function authErrorNote(authError: string | undefined): string {
  return authError === undefined ? '' : ` (${authError})`
}

/** `error.message`, `error` or `message` of a JSON body; otherwise the body's own text. */
export function errorDetail(text: string, parse: (text: string) => JsonValue): string {
  const trimmed = text.trim()
  if (trimmed === '') return ''
  let body: JsonValue
  try {
    body = parse(trimmed)
  } catch {
    // Not JSON: several routes answer in plain text.
    return trimmed
  }
  return messageIn(body) ?? trimmed
}

function messageIn(body: JsonValue): string | undefined {
  if (!isJsonObject(body)) return undefined
  const { error, message } = body
  if (isJsonObject(error) && hasKey(error, 'message') && typeof error.message === 'string') return error.message
  if (typeof error === 'string') return error
  return typeof message === 'string' ? message : undefined
}
