// What can go wrong around a guest. What goes wrong inside one is an outcome, not an exception.
import { CodedError } from '../base/errors.ts'

export type RuntimeErrorCode =
  | 'BUNDLE_INVALID'
  | 'MODULE_INVALID'
  | 'MODULE_TOO_LARGE'
  | 'EXECUTOR_CLOSED'
  | 'EXECUTOR_BUSY'
  | 'WORKER_FAILED'

export class RuntimeError extends CodedError<RuntimeErrorCode> {}
