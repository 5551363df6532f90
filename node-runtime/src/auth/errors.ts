// What can be refused when callers are checked. The server's table gives each code its status and `X-Auth-Error`.
import { CodedError } from '../base/errors.ts'

export class AuthError extends CodedError<
  | 'AUTH_INPUT'
  | 'AUTH_BUSY'
  | 'CREDENTIALS_REJECTED'
  | 'TOO_MANY_ATTEMPTS'
  | 'TOKEN_MISSING'
  | 'TOKEN_INVALID'
  | 'TOKEN_EXPIRED'
  | 'TOKEN_REVOKED'
  | 'TOKEN_REUSED'
  | 'TOKEN_STILL_VALID'
  | 'TOKEN_OF_OTHER_NODE'
  | 'PERMISSION_DENIED'
  | 'KEY_NOT_FOUND'
  | 'KEY_EXISTS'
  | 'KEYS_FULL'
  | 'LAST_ADMIN'
  | 'AUTH_STORE_DAMAGED'
> {}
