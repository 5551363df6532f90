// Errors of the engine, told by their names: it is not loaded for a command that does not get so far.
import type { ClientErrorCode, ClientErrorData } from '@calbox/workflows'

export function isClientError(error: unknown): error is Error & { code: ClientErrorCode; data: ClientErrorData } {
  return error instanceof Error && error.name === 'ClientError'
}

export function isStepError(
  error: unknown,
): error is Error & { code: string; help: string | undefined; field: string | undefined } {
  return error instanceof Error && error.name === 'StepError'
}

/** The token is good, and does not carry this. */
export function isNotPermitted(error: unknown): boolean {
  if (!isClientError(error) || error.data.status !== 403) return false
  return error.data.authError === undefined || error.data.authError === 'permission_denied'
}
