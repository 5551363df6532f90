// Connections whose answer does not leave: who asks for more than its socket holds, and reads nothing, is ended after a while,
// whatever room there is: an answer that waits has memory, and perhaps a file. What the kernel has taken of a piece does not show:
// one leaves when all of it has.
import type { Socket } from 'node:net'

interface Seen {
  /** Bytes that have left. */
  left: number
  /** When they were first seen to be as many, and others to wait. */
  sinceMs: number
}

export class Unread {
  readonly #standsMs: number
  readonly #seen = new Map<Socket, Seen>()

  /** `standsMs`: how long an answer may stand still. */
  constructor(standsMs: number) {
    this.#standsMs = standsMs
  }

  /** Something is answered there now. */
  add(socket: Socket, nowMs: number): void {
    this.#seen.set(socket, { left: 0, sinceMs: nowMs })
  }

  delete(socket: Socket): void {
    this.#seen.delete(socket)
  }

  /** Those of which nothing has left for as long, at each look. */
  look(nowMs: number): Socket[] {
    const standing: Socket[] = []
    for (const [socket, seen] of this.#seen) {
      if (!standsAt(socket, seen.left)) {
        this.#seen.set(socket, { left: leftOf(socket), sinceMs: nowMs })
      } else if (nowMs - seen.sinceMs >= this.#standsMs) {
        standing.push(socket)
      }
    }
    return standing
  }
}

function standsAt(socket: Socket, left: number): boolean {
  return socket.writableLength > 0 && leftOf(socket) === left
}

function leftOf(socket: Socket): number {
  return socket.bytesWritten - socket.writableLength
}
