// What the failures of the authentication service become: one table from codes to status and `X-Auth-Error`.
import { CodedError } from '../../base/errors.ts'
import { httpFailureOf } from '../errors.ts'

interface AuthFailure {
  readonly status: number
  readonly message: string
  readonly headers: Readonly<Record<string, string>>
}

const FAILURES: Readonly<Record<string, { readonly status: number; readonly reason?: string }>> = {
  AUTH_INPUT: { status: 422 },
  AUTH_BUSY: { status: 503 },
  CREDENTIALS_REJECTED: { status: 401 },
  TOO_MANY_ATTEMPTS: { status: 429 },
  HEADER_INVALID: { status: 400, reason: 'invalid_request' },
  TOKEN_MISSING: { status: 401, reason: 'missing_token' },
  TOKEN_INVALID: { status: 401, reason: 'invalid_token' },
  TOKEN_EXPIRED: { status: 401, reason: 'token_expired' },
  TOKEN_REVOKED: { status: 403, reason: 'token_revoked' },
  TOKEN_REUSED: { status: 401, reason: 'token_reuse' },
  TOKEN_STILL_VALID: { status: 401 },
  TOKEN_OF_OTHER_NODE: { status: 403, reason: 'invalid_node' },
  PERMISSION_DENIED: { status: 403, reason: 'permission_denied' },
  KEY_NOT_FOUND: { status: 404 },
  KEY_EXISTS: { status: 409 },
  KEYS_FULL: { status: 409 },
  LAST_ADMIN: { status: 409 },
}

export class AuthRequestError extends CodedError<'HEADER_INVALID' | 'TOKEN_MISSING' | 'PERMISSION_DENIED'> {}

const BUSY_RETRY_SEC = 1

/** 500 for what nobody foresaw, without its detail. */
export function authFailureOf(error: unknown): AuthFailure {
  const known = error instanceof CodedError ? FAILURES[error.code] : undefined
  if (known === undefined || !(error instanceof CodedError)) return { ...httpFailureOf(error), headers: {} }
  const { retryAfterSec = error.code === 'AUTH_BUSY' ? BUSY_RETRY_SEC : undefined } = error.data
  return {
    status: known.status,
    message: error.message,
    headers: {
      ...(known.reason === undefined ? {} : { 'x-auth-error': known.reason }),
      ...(retryAfterSec === undefined ? {} : { 'retry-after': String(retryAfterSec) }),
    },
  }
}
