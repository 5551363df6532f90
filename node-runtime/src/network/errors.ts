// What can go wrong between nodes.
import { CodedError } from '../base/errors.ts'
import { MESSAGE_MAX_BYTES } from './limits.ts'

export type NetworkErrorCode =
  | 'NETWORK_CLOSED'
  | 'ADDRESS_INVALID'
  | 'ADDRESS_IN_USE'
  | 'ADDRESS_UNUSABLE'
  | 'DIAL_FAILED'
  | 'SELF_DIAL'
  | 'NOT_CONNECTED'
  | 'PEER_ID_INVALID'
  | 'PROTOCOL_UNSUPPORTED'
  | 'STREAM_OPEN_FAILED'
  | 'STREAM_CLOSED'
  | 'STREAM_RESET'
  | 'STREAM_IDLE'
  | 'FRAME_TOO_LARGE'
  | 'FRAME_TRUNCATED'
  | 'FRAME_INVALID'
  | 'MESSAGE_TOO_LARGE'
  | 'FAULTS_TOO_MANY'

export class NetworkError extends CodedError<NetworkErrorCode> {}

export function assertMessageSize(topic: string, bytes: number): void {
  if (bytes <= MESSAGE_MAX_BYTES) return
  const message = `a message of ${bytes} bytes was published; ${MESSAGE_MAX_BYTES} is the most: use a stream`
  throw new NetworkError('MESSAGE_TOO_LARGE', message, { data: { topic } })
}
