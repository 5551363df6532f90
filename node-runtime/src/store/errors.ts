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

/** Nothing can be read for a moment. */
export function openingError(location: string, cause: unknown): StoreError {
  const message = `reading ${location} failed: the store is being opened anew, after a write that the disk refused; try again`
  return new StoreError('STORE_FAILED', message, { cause, data: { location } })
}
