// Failures of a conversation with another node.
import { CodedError } from '../base/errors.ts'

export class SyncError extends CodedError<'SYNC_REFUSED' | 'SYNC_NO_PEER' | 'SYNC_INCOMPLETE' | 'SYNC_TIMEOUT'> {}
