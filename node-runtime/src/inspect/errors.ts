// What can go wrong with looking at a data directory.
import { CodedError } from '../base/errors.ts'

export class InspectError extends CodedError<'DATA_MISSING' | 'DATA_DAMAGED' | 'CONTEXT_UNKNOWN' | 'REPAIR_FAILED'> {}
