// A stream through a relay as the raw connection that the library encrypts and multiplexes: the relay sees only that.
import type { AbortOptions, Logger, Stream } from '@libp2p/interface'
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils'
import type { multiaddr } from '@multiformats/multiaddr'
import type { Uint8ArrayList } from 'uint8arraylist'

type Multiaddr = ReturnType<typeof multiaddr>

export interface RelayedConnectionInit {
  readonly stream: Stream
  readonly remoteAddr: Multiaddr
  readonly direction: 'inbound' | 'outbound'
  readonly log: Logger
}

export class RelayedConnection extends AbstractMultiaddrConnection {
  readonly #stream: Stream

  constructor({ stream, ...init }: RelayedConnectionInit) {
    super(init)
    this.#stream = stream
    stream.addEventListener('close', (event) => this.onTransportClosed(event.error))
    stream.addEventListener('remoteCloseWrite', () => {
      this.onRemoteCloseWrite()
      // Half a connection is of no use: nothing multiplexed on it could end.
      this.close().catch((error: unknown) => this.abort(error instanceof Error ? error : new Error(String(error))))
    })
    stream.addEventListener('message', ({ data }) => this.onData(data))
    stream.addEventListener('drain', () => this.onMuxerDrain())
  }

  sendData(data: Uint8ArrayList): SendResult {
    const sentBytes = data.byteLength
    return { sentBytes, canSendMore: this.#stream.send(data) }
  }

  async sendClose(options?: AbortOptions): Promise<void> {
    await this.#stream.close(options)
  }

  sendReset(error: Error): void {
    this.#stream.abort(error)
  }

  sendPause(): void {
    this.#stream.pause()
  }

  sendResume(): void {
    this.#stream.resume()
  }
}
