// Yamux whose new streams cannot end the node, and which says seldom how much room there is. The library says a new stream to the
// peer in a microtask of its own; where the connection beneath has been closed just before, that throws, and nobody is there to
// catch it. And it tells the peer of room after each frame that has come: a second small message, encrypted and sent, for each.
import type { MessageStream, Stream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux'
import { StreamState } from '@libp2p/yamux/stream'
import type { Clock } from '../../base/clock.ts'
import { ROOM_TOLD_BYTES, STREAM_MESSAGE_BYTES, STREAM_MESSAGE_MS } from '../limits.ts'

/** What the implementation has beyond its declared interface. */
interface MuxerInternals extends StreamMuxer {
  onCreateStream(options?: unknown): StreamInternals
  /** Of either side. */
  _newStream(...args: unknown[]): StreamInternals
}

interface StreamInternals extends Stream {
  /** Of the bytes that the peer may send: as told, and what is left of it. */
  readonly recvWindow: number
  readonly recvWindowCapacity: number
  readonly state: StreamState
  /** Of what goes in one message; set to the window with each update. */
  maxMessageSize?: number
  sendWindowUpdate(): void
  handleWindowUpdate(frame: { readonly header: { readonly length: number } }): void
}

interface GuardedYamuxParts {
  readonly clock: Clock
  /** Sees each connection before anything has come on it. */
  readonly onConnection?: (connection: MessageStream) => void
}

export function guardedYamux(
  options: YamuxMuxerInit,
  { clock, onConnection }: GuardedYamuxParts,
): () => StreamMuxerFactory {
  // Without it a step of the wall clock shows in what is sent until the peer tells of room again.
  const elapsedMs = () => clock.elapsedMs?.() ?? clock.nowMs()
  return () => {
    const factory: StreamMuxerFactory = yamux(options)()
    const create = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = (connection) => {
      onConnection?.(connection)
      return guard(create(connection), elapsedMs)
    }
    return factory
  }
}

function guard(muxer: StreamMuxer, elapsedMs: () => number): StreamMuxer {
  const internals = withInternals(muxer)
  const make = internals._newStream.bind(internals)
  internals._newStream = (...args) => inPieces(sparing(make(...args)), elapsedMs)
  const create = internals.onCreateStream.bind(internals)
  internals.onCreateStream = (options) => {
    const stream = create(options)
    const send = stream.sendWindowUpdate.bind(stream)
    stream.sendWindowUpdate = () => {
      try {
        send()
      } catch (error) {
        // Whoever has the stream learns it from the stream.
        stream.abort(error instanceof Error ? error : new Error(String(error)))
      }
    }
    return stream
  }
  return muxer
}

/**
 * Says how much room there is once half of it is used, or as much as takes long over a slow link: the peer always has the other half
 * to go on with, and sees that something of what it sent has come.
 */
function sparing(stream: StreamInternals): StreamInternals {
  const send = stream.sendWindowUpdate.bind(stream)
  stream.sendWindowUpdate = () => {
    const used = stream.recvWindow - stream.recvWindowCapacity
    if (stream.state !== StreamState.Established || used >= Math.min(stream.recvWindow / 2, ROOM_TOLD_BYTES)) send()
  }
  return stream
}

/** Over a slow link what is sent in one message is not seen for as long as all of it takes. */
function inPieces(stream: StreamInternals, elapsedMs: () => number): StreamInternals {
  const update = stream.handleWindowUpdate.bind(stream)
  const cut = (max: number) => {
    stream.maxMessageSize = Math.min(stream.maxMessageSize ?? max, max)
  }
  let sinceMs = elapsedMs()
  cut(STREAM_MESSAGE_BYTES)
  stream.handleWindowUpdate = (frame) => {
    update(frame)
    const nowMs = elapsedMs()
    const taken = (frame.header.length * STREAM_MESSAGE_MS) / Math.max(1, nowMs - sinceMs)
    sinceMs = nowMs
    // What now goes on to send does so in a later microtask.
    cut(Math.max(STREAM_MESSAGE_BYTES, Math.floor(taken)))
  }
  return stream
}

function withInternals(muxer: StreamMuxer): MuxerInternals {
  if ('onCreateStream' in muxer && '_newStream' in muxer) return muxer as MuxerInternals
  throw new Error('assertion failed: this version of @libp2p/yamux hides how it makes streams')
}
