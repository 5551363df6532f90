// Yamux whose new streams cannot end the node, and which says seldom how much room there is. The library says a new stream to the
// peer in a microtask of its own; where the connection beneath has been closed just before, that throws, and nobody is there to
// catch it. And it tells the peer of room after each frame that has come: a second small message, encrypted and sent, for each.
import type { Stream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux'
import { StreamState } from '@libp2p/yamux/stream'

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
  sendWindowUpdate(): void
}

export function guardedYamux(options: YamuxMuxerInit): () => StreamMuxerFactory {
  return () => {
    const factory: StreamMuxerFactory = yamux(options)()
    const create = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = (connection) => guard(create(connection))
    return factory
  }
}

function guard(muxer: StreamMuxer): StreamMuxer {
  const internals = withInternals(muxer)
  const make = internals._newStream.bind(internals)
  internals._newStream = (...args) => sparing(make(...args))
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

/** Says how much room there is once half of it is used: the peer always has the other half to go on with. */
function sparing(stream: StreamInternals): StreamInternals {
  const send = stream.sendWindowUpdate.bind(stream)
  stream.sendWindowUpdate = () => {
    if (stream.state !== StreamState.Established || stream.recvWindowCapacity * 2 <= stream.recvWindow) send()
  }
  return stream
}

function withInternals(muxer: StreamMuxer): MuxerInternals {
  if ('onCreateStream' in muxer && '_newStream' in muxer) return muxer as MuxerInternals
  throw new Error('assertion failed: this version of @libp2p/yamux hides how it makes streams')
}
