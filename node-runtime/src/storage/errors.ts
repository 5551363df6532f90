// Failures of a context's state: bytes in the store or from a peer that are not what they must be.
import { CodedError } from '../base/errors.ts'

export type StorageErrorCode =
  | 'STATE_CORRUPT'
  | 'STATE_DOUBTED'
  | 'STATE_ROOT_MISMATCH'
  | 'SNAPSHOT_INVALID'
  | 'UNDO_INVALID'
  | 'TREE_FALSE'

export class StorageError extends CodedError<StorageErrorCode> {}
