// The one error of this folder: bytes that are not what they should be, and where.
import { CodedError } from '../base/errors.ts'

export type WireErrorCode =
  /** Not DAG-CBOR, or nested or split into more items than any message is. */
  | 'WIRE_MALFORMED'
  /** Another message, or a version that is not spoken here. */
  | 'WIRE_KIND'
  /** A field is missing, unknown, of another type, or outside its bounds. */
  | 'WIRE_SHAPE'
  /** A second byte form of a valid message. */
  | 'WIRE_NOT_CANONICAL'
  | 'WIRE_TOO_LARGE'

export class WireError extends CodedError<WireErrorCode> {}
