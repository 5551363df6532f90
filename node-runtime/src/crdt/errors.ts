// Failures of the host CRDTs. For a `js_crdt_*` call each becomes the result -1 with the message in the register.
import { CodedError } from '../base/errors.ts'

export type CrdtErrorCode =
  | 'CRDT_ARGUMENT'
  | 'CRDT_ARTIFACT_INVALID'
  | 'CRDT_FORBIDDEN'
  | 'CRDT_LIMIT'
  | 'CRDT_STATE_CORRUPT'
  | 'CRDT_UNSUPPORTED'

export class CrdtError extends CodedError<CrdtErrorCode> {}
