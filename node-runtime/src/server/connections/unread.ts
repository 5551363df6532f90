// Connections whose answer does not leave: who asks for more than its socket holds, and reads nothing, gives way as one does
// who does not send. What the kernel has taken of a piece does not show: one leaves when all of it has.
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
  /** Found by the last look, in the order in which they were. */
  readonly #standing = new Set<Socket>()

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
    this.#standing.delete(socket)
  }

  look(nowMs: number): void {
    for (const [socket, seen] of this.#seen) {
      if (!standsAt(socket, seen.left)) {
        this.#seen.set(socket, { left: leftOf(socket), sinceMs: nowMs })
        this.#standing.delete(socket)
      } else if (nowMs - seen.sinceMs >= this.#standsMs) {
        this.#standing.add(socket)
      }
    }
  }

  longest(): Socket | undefined {
    // It may have moved since it was looked at.
    for (const socket of this.#standing) if (standsAt(socket, this.#seen.get(socket)?.left)) return socket
    return undefined
  }
}

function standsAt(socket: Socket, left: number | undefined): boolean {
  return socket.writableLength > 0 && leftOf(socket) === left
}

function leftOf(socket: Socket): number {
  return socket.bytesWritten - socket.writableLength
}
