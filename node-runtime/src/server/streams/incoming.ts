// What of a WebSocket's messages is in memory: those that come, and those that are worked on. All of it counts, and one that
// has begun comes whole in time.
import type { Duplex } from 'node:stream'
import type WebSocket from 'ws'
import type { HeldBytes } from '../bodies/held-bytes.ts'
import { MESSAGE_WITHIN_MS } from './limits.ts'

/** Of a frame of control, as clients send it: two bytes and a mask. */
const CONTROL_HEAD_BYTES = 6

export interface IncomingParts {
  readonly held: HeldBytes
  readonly keyId: string | undefined
  /** What the WebSocket is made of: all that its client sends. */
  readonly bytes: Duplex
  readonly messageWithinMs?: number | undefined
  /** Throws of `HeldBytes.take`: the connection is to be closed. */
  readonly onTooMuch: (error: unknown) => void
  readonly onLate: () => void
}

export class Incoming {
  readonly #parts: IncomingParts
  readonly #socket: WebSocket
  /** Since the last message, without frames of control. What came in one piece with that is not counted. */
  #coming = 0
  #counted = 0
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  constructor(socket: WebSocket, parts: IncomingParts) {
    this.#parts = parts
    this.#socket = socket
    // Before the library has them: a message may be whole by then.
    parts.bytes.prependListener('data', (chunk: Buffer) => this.#come(chunk.length))
    const control = (data: Buffer) => this.#went(data.length + CONTROL_HEAD_BYTES)
    socket.on('ping', control)
    socket.on('pong', control)
    socket.on('message', () => this.#went(this.#coming))
    socket.once('close', () => this.#end())
  }

  /** A message that has come is worked on. */
  begin(bytes: number): void {
    this.#take(bytes)
  }

  /** It has been answered. */
  done(bytes: number): void {
    this.#give(bytes)
  }

  #come(bytes: number): void {
    if (this.#isOver) return
    this.#coming += bytes
    this.#timer ??= this.#deadline()
    this.#take(bytes)
  }

  #went(bytes: number): void {
    const gone = Math.min(bytes, this.#coming)
    this.#coming -= gone
    this.#give(gone)
    if (this.#coming > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #deadline(): NodeJS.Timeout {
    return setTimeout(() => {
      // Nothing comes while others of its messages are worked on, and that is not its client's doing.
      if (this.#socket.isPaused) this.#timer = this.#deadline()
      else this.#parts.onLate()
    }, this.#parts.messageWithinMs ?? MESSAGE_WITHIN_MS)
  }

  #take(bytes: number): void {
    if (this.#isOver) return
    try {
      this.#parts.held.take(this.#parts.keyId, bytes)
      this.#counted += bytes
    } catch (error) {
      this.#end()
      this.#parts.onTooMuch(error)
    }
  }

  #give(bytes: number): void {
    if (this.#isOver) return
    this.#parts.held.give(this.#parts.keyId, bytes)
    this.#counted -= bytes
  }

  /** Nothing of it counts any more. */
  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#parts.held.give(this.#parts.keyId, this.#counted)
  }
}
