// Failures of the context layer; the HTTP server maps each code to a status in one table.
import { CodedError } from '../base/errors.ts'

export class ContextError extends CodedError<
  | 'APPLICATION_NOT_INSTALLED'
  | 'APPLICATION_INVALID'
  | 'APPLY_POSTPONED'
  | 'CONTEXT_NOT_FOUND'
  | 'CONTEXT_UNINITIALIZED'
  | 'CONTEXT_EXISTS'
  | 'CONTEXT_BUSY'
  | 'CONTEXT_FAILED'
  | 'DEAD_LETTER_NOT_FOUND'
  | 'GROUP_NOT_FOUND'
  | 'GROUP_KEY_PENDING'
  | 'NAMESPACE_NOT_FOUND'
  | 'NAMESPACE_MISMATCH'
  | 'NOT_A_MEMBER'
  | 'NOT_ALLOWED'
  | 'INVITATION_INVALID'
  | 'JOIN_TIMEOUT'
  | 'GUEST_FAILED'
  | 'INIT_FAILED'
> {}
