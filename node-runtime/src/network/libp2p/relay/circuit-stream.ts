// One circuit message on a stream: a length, then the bytes. What follows it belongs to the relayed connection.
import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import type { Bytes } from '../../../base/bytes.ts'
import { CIRCUIT_MESSAGE_BYTES_MAX } from '../../limits.ts'

export interface CircuitStream {
  read(signal: AbortSignal): Promise<Bytes>
  write(message: Bytes, signal: AbortSignal): Promise<void>
  /** Ends the reading and writing of messages; what came behind the last one is still in it. */
  unwrap(): Stream
}

export function circuitStream(stream: Stream): CircuitStream {
  const framed = lpStream(stream, { maxDataLength: CIRCUIT_MESSAGE_BYTES_MAX })
  return {
    read: async (signal) => (await framed.read({ signal })).subarray(),
    write: (message, signal) => framed.write(message, { signal }),
    unwrap: () => framed.unwrap(),
  }
}

/** Whatever one says the other hears, without reading further than it takes. Ends both when one ends. */
export function joinStreams(a: Stream, b: Stream): void {
  pass(a, b)
  pass(b, a)
}

function pass(from: Stream, to: Stream): void {
  const cut = (error: unknown) => {
    const reason = error instanceof Error ? error : new Error(String(error))
    from.abort(reason)
    to.abort(reason)
  }
  let isFull = false
  from.addEventListener('message', ({ data }) => {
    try {
      if (to.send(data) || isFull) return
    } catch (error) {
      cut(error)
      return
    }
    isFull = true
    from.pause()
  })
  to.addEventListener('drain', () => {
    if (!isFull) return
    isFull = false
    try {
      from.resume()
    } catch {
      // The readable half is closed: there is nothing to let go on.
    }
  })
  from.addEventListener('end', () => {
    if (from.status === 'open' || from.status === 'closing' || from.status === 'closed') to.close().catch(cut)
  })
  from.addEventListener('close', (event) => {
    if (event.error) cut(event.error)
  })
}
