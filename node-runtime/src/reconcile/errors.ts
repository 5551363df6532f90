// The one error of this folder.
import { CodedError } from '../base/errors.ts'

export type ReconcileErrorCode =
  /** A stored node is not what it must be. */
  | 'SET_DAMAGED'
  /** A peer's answer does not fit what it was asked. */
  | 'ANSWER_INVALID'

export class ReconcileError extends CodedError<ReconcileErrorCode> {}
