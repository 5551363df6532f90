// How failures become HTTP: one table of codes, so that no route decides by itself. Anything not in it is a defect of
// ours: 500, with the detail in the log only.
import { CodedError } from '../base/errors.ts'

export class ServerError extends CodedError<
  | 'ADDRESS_IN_USE'
  | 'ADDRESS_UNUSABLE'
  | 'BAD_REQUEST'
  | 'BODY_TOO_LARGE'
  | 'BUSY'
  | 'CONFLICT'
  | 'DOWNLOAD_FAILED'
  | 'EXPECTATION_UNKNOWN'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'NOT_IMPLEMENTED'
  | 'PERMISSION_DENIED'
  | 'STOPPING'
> {}

const STATUS: Readonly<Record<string, number>> = {
  BAD_REQUEST: 400,
  NOT_FOUND: 404,
  ID_INVALID: 400,
  BLOB_MISMATCH: 400,
  WIRE_SHAPE: 400,
  APPLICATION_INVALID: 400,
  INIT_FAILED: 400,
  INVITATION_INVALID: 400,
  NAMESPACE_MISMATCH: 400,
  FORBIDDEN: 403,
  PERMISSION_DENIED: 403,
  NOT_A_MEMBER: 403,
  NOT_ALLOWED: 403,
  APPLICATION_NOT_INSTALLED: 404,
  CONTEXT_NOT_FOUND: 404,
  DEAD_LETTER_NOT_FOUND: 404,
  GROUP_NOT_FOUND: 404,
  NAMESPACE_NOT_FOUND: 404,
  PROPOSAL_NOT_FOUND: 404,
  BLOB_NOT_FOUND: 404,
  SERVICE_UNKNOWN: 404,
  CONTEXT_EXISTS: 409,
  UPGRADE_REFUSED: 409,
  CONFLICT: 409,
  FAULTS_TOO_MANY: 409,
  BLOB_TOO_LARGE: 413,
  BODY_TOO_LARGE: 413,
  EXPECTATION_UNKNOWN: 417,
  BUSY: 503,
  NOT_IMPLEMENTED: 501,
  NOT_ATTESTED: 501,
  DOWNLOAD_FAILED: 502,
  STOPPING: 503,
  CODE_LACKING: 503,
  CONTEXT_UNINITIALIZED: 503,
  CONTEXT_BUSY: 503,
  BLOB_BUSY: 503,
  CONTEXT_FAILED: 503,
  GROUP_KEY_PENDING: 503,
  SYNC_NO_PEER: 503,
  QUEUE_FULL: 503,
  QUEUE_CLOSED: 503,
  EXECUTOR_BUSY: 503,
  EXECUTOR_CLOSED: 503,
  STORE_CLOSED: 503,
  JOIN_TIMEOUT: 504,
  BLOB_DISK_FULL: 507,
  BLOB_STORE_UNUSABLE: 507,
  STORE_FULL: 507,
  STORE_UNWRITABLE: 507,
}

export interface HttpFailure {
  readonly status: number
  readonly message: string
}

export function httpFailureOf(error: unknown): HttpFailure {
  if (error instanceof CodedError) {
    const status = STATUS[error.code]
    if (status !== undefined) return { status, message: error.message }
  }
  if (isFastifyError(error)) return { status: error.statusCode, message: error.message }
  return { status: 500, message: 'Internal server error' }
}

/** Refusals of the framework itself: a body that is too large, that does not fit its schema, that is not JSON. */
function isFastifyError(error: unknown): error is Error & { statusCode: number } {
  return (
    error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500
  )
}
