// A libp2p stream as a FrameStream: back-pressure both ways, half close, idle limit.
import type { Stream } from '@libp2p/interface'
import { type Bytes, concat } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { NetworkError } from '../errors.ts'
import { FrameDecoder, framePrefix } from '../frame-codec.ts'
import { FrameQueue } from '../frame-queue.ts'
import { FRAME_MAX_BYTES, FRAMES_WAITING_MAX_BYTES, STREAM_IDLE_MS, STREAM_PORTION_BYTES } from '../limits.ts'
import type { FrameStream, OpenOptions, PeerId } from '../network.ts'
import { ReplyTime } from '../reply-time.ts'

/** Up to this size prefix and frame go out in one piece: one packet instead of two. */
const JOIN_MAX_BYTES = 64 * 1024

export interface StreamLimits {
  readonly frameMaxBytes?: number
  readonly idleMs?: number
}

export interface StreamOptions extends StreamLimits, Pick<OpenOptions, 'onBytes'> {
  /** The peer opened it. */
  readonly isInbound?: boolean
}

export class Libp2pFrameStream implements FrameStream {
  readonly peer: PeerId
  readonly frames: FrameQueue
  readonly #stream: Stream
  readonly #clock: Clock
  readonly #frameMax: number
  readonly #idleMs: number
  readonly #decoder: FrameDecoder
  readonly #replyTime: ReplyTime
  readonly #onBytes: OpenOptions['onBytes']
  #sending: Promise<void> = Promise.resolve()
  #writeClosed = false
  #failure: NetworkError | undefined

  constructor(stream: Stream, peer: PeerId, clock: Clock, options: StreamOptions = {}) {
    this.peer = peer
    this.#stream = stream
    this.#clock = clock
    this.#frameMax = options.frameMaxBytes ?? FRAME_MAX_BYTES
    this.#idleMs = options.idleMs ?? STREAM_IDLE_MS
    this.#decoder = new FrameDecoder(this.#frameMax)
    this.#replyTime = new ReplyTime(this.#idleMs)
    this.#onBytes = options.onBytes
    this.frames = new FrameQueue({
      clock,
      idleMs: () => this.#replyTime.ms,
      isInbound: options.isInbound ?? false,
      highWaterBytes: FRAMES_WAITING_MAX_BYTES,
      pause: () => this.#setPaused(true),
      resume: () => this.#setPaused(false),
      onIdle: (error) => this.abort(error),
    })
    // 'end' comes after the last byte was handed out, 'close' may come before it.
    stream.addEventListener('end', () => this.#onEnd())
    stream.addEventListener('close', (event) => {
      if (event.error) this.#fail(new NetworkError('STREAM_RESET', 'the peer ended the stream', { cause: event.error }))
    })
    stream.addEventListener('message', (event) => {
      const { data } = event
      this.#onData(data instanceof Uint8Array ? data : data.subarray())
    })
    // What happened before anybody listened is not told again.
    if (stream.readableEnded) this.#onEnd()
    if (stream.status === 'reset' || stream.status === 'aborted') {
      this.#fail(new NetworkError('STREAM_RESET', 'the peer ended the stream'))
    }
  }

  /** The peer has ended its half, or the stream is gone. */
  get isRead(): boolean {
    return this.frames.ended
  }

  get replyMs(): number {
    return this.#replyTime.ms
  }

  send(frame: Bytes): Promise<void> {
    if (frame.byteLength > this.#frameMax) {
      const message = `a frame of ${frame.byteLength} bytes was to be sent; ${this.#frameMax} is the most`
      return Promise.reject(new NetworkError('FRAME_TOO_LARGE', message))
    }
    // One after the other: each waits until the transport has room, so a caller that does not await cannot fill memory
    // with more than its own frames.
    const sent = this.#sending.then(() => this.#sendNow(frame))
    this.#sending = sent.catch(() => {})
    return sent
  }

  async closeWrite(): Promise<void> {
    if (this.#writeClosed) return
    this.#writeClosed = true
    await this.#sending
    try {
      await this.#stream.close({ signal: AbortSignal.timeout(this.#idleMs) })
    } catch (cause) {
      this.abort(new NetworkError('STREAM_RESET', 'the stream could not be closed', { cause }))
    }
  }

  abort(reason: Error): void {
    if (this.#failure) return
    this.#fail(
      reason instanceof NetworkError
        ? reason
        : new NetworkError('STREAM_RESET', 'the stream was aborted', { cause: reason }),
    )
    this.#stream.abort(reason)
  }

  async #sendNow(frame: Bytes): Promise<void> {
    if (this.#failure) throw this.#failure
    if (this.#writeClosed) throw new NetworkError('STREAM_CLOSED', 'a frame was to be sent after closeWrite')
    const prefix = framePrefix(frame.byteLength)
    try {
      if (frame.byteLength <= JOIN_MAX_BYTES) {
        this.#stream.send(concat([prefix, frame]))
      } else {
        this.#stream.send(prefix)
        this.#stream.send(frame)
      }
    } catch (cause) {
      throw this.#failure ?? new NetworkError('STREAM_RESET', 'the stream is closed', { cause })
    }
    this.#replyTime.sent(frame.byteLength)
    if (this.#needsDrain) await this.#drained()
    if (this.#failure) throw this.#failure
  }

  get #needsDrain(): boolean {
    return this.#stream.writableNeedsDrain && this.#stream.status === 'open'
  }

  /** The peer has the idle limit for each portion. */
  #drained(): Promise<void> {
    const stream = this.#stream
    return new Promise((resolve) => {
      let left = stream.writeBufferLength
      const watch = () =>
        this.#clock.setTimer(() => {
          const message = `waited ${this.#idleMs} ms for the peer to read, and it took nothing or too little; it is stuck or gone`
          this.abort(new NetworkError('STREAM_IDLE', message))
          done()
        }, this.#idleMs)
      let cancel = watch()
      const done = () => {
        cancel()
        stream.removeEventListener('drain', look)
        stream.removeEventListener('close', done)
        resolve()
      }
      const look = () => queueMicrotask(seen)
      // The library has gone on by then, and may have stopped again.
      const seen = () => {
        if (!this.#needsDrain) return done()
        if (left - stream.writeBufferLength < STREAM_PORTION_BYTES) return
        left = stream.writeBufferLength
        cancel()
        cancel = watch()
      }
      stream.addEventListener('drain', look)
      stream.addEventListener('close', done)
    })
  }

  #onData(chunk: Bytes): void {
    this.#replyTime.answered()
    this.#onBytes?.(chunk.byteLength)
    try {
      for (const frame of this.#decoder.push(chunk)) this.frames.push(frame)
      this.frames.came(chunk.byteLength)
    } catch (error) {
      this.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #onEnd(): void {
    // After a reset the library says 'end' too; its 'close' follows with the error.
    if (this.#stream.status === 'reset' || this.#stream.status === 'aborted') return
    if (this.#decoder.atBoundary) this.frames.end()
    else this.abort(new NetworkError('FRAME_TRUNCATED', 'the stream ended in the middle of a frame'))
  }

  #fail(error: NetworkError): void {
    this.#failure ??= error
    // After a regular end there is nothing left to report to the reader.
    if (!this.frames.ended) this.frames.clear(this.#failure)
  }

  #setPaused(paused: boolean): void {
    try {
      if (paused) this.#stream.pause()
      else this.#stream.resume()
    } catch {
      // The readable half is closed: there is nothing to hold back.
    }
  }
}
