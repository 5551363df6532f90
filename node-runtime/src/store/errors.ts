// What can go wrong with the store, as codes that the process edge turns into exit codes and hints.
import { CodedError } from '../base/errors.ts'

export type StoreErrorCode =
  | 'STORE_LOCKED'
  | 'STORE_UNWRITABLE'
  | 'STORE_CORRUPT'
  | 'STORE_OLD'
  | 'STORE_FAILED'
  | 'STORE_FULL'
  | 'STORE_CLOSED'
  | 'STORE_READ_ONLY'
  | 'STORE_CRASHED'

export class StoreError extends CodedError<StoreErrorCode> {}
