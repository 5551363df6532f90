// The two ends of a simulated stream. Back-pressure by credit: a sender waits while the other side has not read.
import { type Bytes, copyOf } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { NetworkError } from '../errors.ts'
import { FrameQueue } from '../frame-queue.ts'
import {
  FRAME_MAX_BYTES,
  FRAMES_WAITING_MAX_BYTES,
  STREAM_IDLE_MS,
  STREAM_PORTION_BYTES,
  STREAM_WINDOW_MAX_BYTES,
} from '../limits.ts'
import type { FrameStream, OpenOptions, PeerId } from '../network.ts'
import { ReplyTime } from '../reply-time.ts'

/** Brings something to the other end, in order, some time later: as much later as a link takes for so many bytes. */
export type Carry = (bytes: number, deliver: (other: SimulatedStream) => void) => void

interface SimulatedStreamOptions {
  readonly clock: Clock
  readonly carry: Carry
  /** The peer opened it. */
  readonly isInbound: boolean
  readonly onDone: (failure?: Error) => void
}

export class SimulatedStream implements FrameStream {
  readonly peer: PeerId
  readonly frames: FrameQueue
  onBytes: OpenOptions['onBytes']
  readonly #clock: Clock
  readonly #carry: Carry
  readonly #onDone: (failure?: Error) => void
  readonly #replyTime = new ReplyTime(STREAM_IDLE_MS)
  #writeClosed = false
  #held = false
  #underWayBytes = 0
  #failure: Error | undefined
  /** Frames that wait for the other side to read. */
  readonly #waiting: (() => void)[] = []

  constructor(peer: PeerId, { clock, carry, isInbound, onDone }: SimulatedStreamOptions) {
    this.peer = peer
    this.#clock = clock
    this.#carry = carry
    this.#onDone = onDone
    this.frames = new FrameQueue({
      clock,
      idleMs: () => this.#replyTime.ms,
      isInbound,
      highWaterBytes: FRAMES_WAITING_MAX_BYTES,
      pause: () => this.#carry(0, (other) => other.hold(true)),
      resume: () => this.#carry(0, (other) => other.hold(false)),
      onIdle: (error) => this.abort(error),
    })
  }

  get isRead(): boolean {
    return this.frames.ended
  }

  get replyMs(): number {
    return this.#replyTime.ms
  }

  async send(frame: Bytes): Promise<void> {
    if (frame.byteLength > FRAME_MAX_BYTES) {
      const message = `a frame of ${frame.byteLength} bytes was to be sent; ${FRAME_MAX_BYTES} is the most`
      throw new NetworkError('FRAME_TOO_LARGE', message)
    }
    this.#assertWritable()
    const copy = copyOf(frame)
    this.#underWayBytes += copy.byteLength
    this.#replyTime.sent(copy.byteLength)
    // Each piece is as late as all of the frame up to its end makes it.
    for (let start = 0; start < copy.byteLength || start === 0; start += STREAM_PORTION_BYTES) {
      const end = Math.min(start + STREAM_PORTION_BYTES, copy.byteLength)
      this.#carry(end, (other) => {
        this.#underWayBytes -= end - start
        other.came(end - start)
        if (end === copy.byteLength) other.frames.push(copy)
        this.#resume()
      })
    }
    while (!this.#hasRoom && !this.#failure) await this.#room()
  }

  /** A piece of a frame is here. */
  came(bytes: number): void {
    this.#replyTime.answered()
    this.onBytes?.(bytes)
    this.frames.came(bytes)
  }

  async closeWrite(): Promise<void> {
    if (this.#writeClosed || this.#failure) return
    this.#writeClosed = true
    this.#carry(0, (other) => other.ended())
    this.#maybeDone()
  }

  abort(reason: Error): void {
    if (this.#failure) return
    this.#carry(0, (other) => other.reset(new NetworkError('STREAM_RESET', 'the peer ended the stream')))
    this.reset(reason)
  }

  /** The other end has closed its half. */
  ended(): void {
    this.frames.end()
    this.#maybeDone()
  }

  /** The stream is gone, without telling the other end. */
  reset(reason: Error): void {
    if (this.#failure) return
    this.#failure =
      reason instanceof NetworkError
        ? reason
        : new NetworkError('STREAM_RESET', 'the stream was aborted', { cause: reason })
    if (!this.frames.ended) this.frames.clear(this.#failure)
    this.hold(false)
    this.#onDone(this.#failure)
  }

  hold(held: boolean): void {
    this.#held = held
    this.#wake()
  }

  get #hasRoom(): boolean {
    return !this.#held && this.#underWayBytes < STREAM_WINDOW_MAX_BYTES
  }

  #wake(): void {
    if (this.#hasRoom || this.#failure) this.#resume()
  }

  /** Whoever still has no room waits anew: the other side has taken something. */
  #resume(): void {
    for (const resume of this.#waiting.splice(0)) resume()
  }

  async #room(): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.setTimer(() => {
        this.abort(
          new NetworkError('STREAM_IDLE', `waited ${STREAM_IDLE_MS} ms for the peer to read; it is stuck or gone`),
        )
      }, STREAM_IDLE_MS)
      this.#waiting.push(() => {
        cancel()
        resolve()
      })
    })
    if (this.#failure) throw this.#failure
  }

  #assertWritable(): void {
    if (this.#failure) throw this.#failure
    if (this.#writeClosed) throw new NetworkError('STREAM_CLOSED', 'a frame was to be sent after closeWrite')
  }

  #maybeDone(): void {
    if (this.#writeClosed && this.frames.ended) this.#onDone()
  }
}
