// Yamux whose new streams cannot end the node. The library says a new stream to the peer in a microtask of its own; where the
// connection beneath has been closed just before, that throws, and nobody is there to catch it.
import type { Stream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux'

/** What the implementation has beyond its declared interface. */
interface MuxerInternals extends StreamMuxer {
  onCreateStream(options?: unknown): StreamInternals
}

interface StreamInternals extends Stream {
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

function withInternals(muxer: StreamMuxer): MuxerInternals {
  if ('onCreateStream' in muxer) return muxer as MuxerInternals
  throw new Error('assertion failed: this version of @libp2p/yamux hides how it makes streams')
}
