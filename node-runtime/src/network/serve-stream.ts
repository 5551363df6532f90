// Runs a protocol handler on a stream that a peer opened: closes it after success, aborts it after failure.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { NetworkError } from './errors.ts'
import type { FrameStream, StreamHandler } from './network.ts'

export async function serveStream(
  handler: StreamHandler,
  /** `replyMs`: what the peer has to take what is on its way. */
  stream: FrameStream & { readonly isRead: boolean; readonly replyMs: number },
  protocol: string,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<void> {
  try {
    await handler(stream.peer, stream)
    await stream.closeWrite()
    if (stream.isRead) return
    // The peer has not ended its half yet. It may still be reading our last frames, so a reset must wait.
    clock.setTimer(() => stream.abort(new NetworkError('STREAM_IDLE', 'the peer left its half open')), stream.replyMs)
  } catch (error) {
    log.debug({ peer: stream.peer, protocol, error: String(error) }, 'stream handler failed')
    stream.abort(error instanceof Error ? error : new Error(String(error)))
  }
}
