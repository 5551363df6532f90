// Connections whose request has not come whole, and on which nobody works yet: who sends a part of a body and then nothing
// gives way as a silent one does. What is written away while it comes is worked on, and stays.
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { hasBody } from '../bodies/has-body.ts'
import { UNFINISHED_LOOKS_MAX } from '../limits.ts'

/** Somebody reads it as it comes. */
const TAKEN = new WeakSet<IncomingMessage>()

/** From now on the connection of the request is at work. */
export function takenAsItComes(request: IncomingMessage): void {
  TAKEN.add(request)
}

interface Seen {
  readonly request: IncomingMessage
  /** Of the connection, when it was looked at. */
  bytes: number
}

export class Unfinished {
  /** In the order in which they came, or were seen to flow. */
  readonly #seen = new Map<Socket, Seen>()

  /** Nothing else is under way on its connection. */
  add(request: IncomingMessage): void {
    const { socket } = request
    if (!hasBody(request)) return
    this.#seen.delete(socket)
    this.#seen.set(socket, { request, bytes: socket.bytesRead })
  }

  delete(socket: Socket): void {
    this.#seen.delete(socket)
  }

  /** The one that came first of those that stand still; where all of them flow, the one that came first. */
  longest(): Socket | undefined {
    let flowing: Socket | undefined
    for (let looks = 0; looks < UNFINISHED_LOOKS_MAX; ) {
      const [first] = this.#seen
      if (first === undefined) break
      const [socket, seen] = first
      this.#seen.delete(socket)
      if (seen.request.complete || TAKEN.has(seen.request)) continue
      if (socket.bytesRead === seen.bytes) return socket
      looks += 1
      flowing ??= socket
      this.#seen.set(socket, { ...seen, bytes: socket.bytesRead })
    }
    return flowing
  }
}
