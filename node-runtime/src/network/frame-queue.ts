// Frames between the one who receives them and the one reader: bounded by telling the source to pause.
import type { Bytes } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { NetworkError } from './errors.ts'
import { STREAM_PORTION_BYTES } from './limits.ts'

export interface FrameQueueOptions {
  readonly clock: Clock
  /** How long the reader waits, as of now. */
  readonly idleMs: () => number
  /** Who opened the stream asks for little: a frame of it has the idle limit in all. */
  readonly isInbound: boolean
  readonly highWaterBytes: number
  /** Called when the queue is over its high-water mark, and when it has been read empty after that. */
  readonly pause: () => void
  readonly resume: () => void
  /** The reader waited for `idleMs` in which less than a portion came, or on an inbound stream no whole frame. */
  readonly onIdle: (error: NetworkError) => void
}

interface Waiting {
  readonly resolve: (result: IteratorResult<Bytes>) => void
  readonly reject: (error: unknown) => void
  cancelTimer: () => void
  /** Of the timer. */
  idleMs: number
  /** Of a frame that is not whole, in the present portion. */
  bytes: number
}

export class FrameQueue implements AsyncIterable<Bytes> {
  readonly #options: FrameQueueOptions
  readonly #frames: Bytes[] = []
  #bytes = 0
  #paused = false
  #ended = false
  #error: unknown
  #waiting: Waiting | undefined

  constructor(options: FrameQueueOptions) {
    this.#options = options
  }

  get ended(): boolean {
    return this.#ended
  }

  /** So many bytes have come, of whatever. */
  came(bytes: number): void {
    const waiting = this.#waiting
    if (!waiting) return
    waiting.bytes += bytes
    const { isInbound, idleMs } = this.#options
    // With the first bytes what was sent before is answered: the rest of the frame does not have the time of that.
    const isRenewed = isInbound ? idleMs() < waiting.idleMs : waiting.bytes >= STREAM_PORTION_BYTES
    if (!isRenewed) return
    waiting.cancelTimer()
    Object.assign(waiting, this.#idleTimer(), { bytes: 0 })
  }

  push(frame: Bytes): void {
    if (this.#ended) return
    const waiting = this.#takeWaiting()
    if (waiting) {
      waiting.resolve({ done: false, value: frame })
      return
    }
    this.#frames.push(frame)
    this.#bytes += frame.byteLength
    if (this.#bytes >= this.#options.highWaterBytes && !this.#paused) {
      this.#paused = true
      this.#options.pause()
    }
  }

  /** No more frames: regularly, or with the error that the reader gets after the frames that are here. */
  end(error?: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error
    const waiting = this.#takeWaiting()
    if (!waiting) return
    if (error === undefined) waiting.resolve({ done: true, value: undefined })
    else waiting.reject(error)
  }

  /** Ends and forgets what waits: the memory of an aborted stream. */
  clear(error: unknown): void {
    this.end(error)
    this.#frames.length = 0
    this.#bytes = 0
  }

  [Symbol.asyncIterator](): AsyncIterator<Bytes> {
    return { next: () => this.#next(), return: async () => ({ done: true, value: undefined }) }
  }

  #next(): Promise<IteratorResult<Bytes>> {
    const frame = this.#frames.shift()
    if (frame) {
      this.#bytes -= frame.byteLength
      if (this.#paused && this.#frames.length === 0) {
        this.#paused = false
        this.#options.resume()
      }
      return Promise.resolve({ done: false, value: frame })
    }
    if (this.#error !== undefined) return Promise.reject(this.#error)
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject, ...this.#idleTimer(), bytes: 0 }
    })
  }

  #idleTimer(): Pick<Waiting, 'cancelTimer' | 'idleMs'> {
    const { clock, onIdle } = this.#options
    const idleMs = this.#options.idleMs()
    const message = `waited ${idleMs} ms for a frame and saw nothing of it, or too little; the peer is stuck or gone`
    const cancelTimer = clock.setTimer(() => onIdle(new NetworkError('STREAM_IDLE', message)), idleMs)
    return { cancelTimer, idleMs }
  }

  #takeWaiting(): Waiting | undefined {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.cancelTimer()
    return waiting
  }
}
