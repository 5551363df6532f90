// The requests of one connection: begun one after the other, in the order in which they came. Clients may send the next ones
// before they are answered; what those do must not overtake, and what their answers weigh must not add up.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { REQUESTS_WAITING_MAX } from '../limits.ts'

export interface RequestLineOptions {
  readonly begin: (request: IncomingMessage, response: ServerResponse) => void
  /** Answers the one that is too many, in its turn. It is the last: what comes behind it is not looked at. */
  readonly refuse: (request: IncomingMessage, response: ServerResponse) => void
  /** Answered, or not to be answered any more. */
  readonly onEnded: () => void
}

type Exchange = readonly [request: IncomingMessage, response: ServerResponse]

export class RequestLine {
  readonly #options: RequestLineOptions
  #current: ServerResponse | undefined
  #waiting: Exchange[] = []
  #isFull = false
  /** Behind the one that is refused. */
  #ignored = 0

  constructor(options: RequestLineOptions) {
    this.#options = options
  }

  get isBusy(): boolean {
    return this.#current !== undefined
  }

  /** The last one that waits is refused when its turn comes: whoever it is sends on and on. */
  get isFull(): boolean {
    return this.#isFull
  }

  add(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#current) {
      this.#begin([request, response])
    } else if (!this.#isFull) {
      this.#waiting.push([request, response])
      this.#isFull = this.#waiting.length > REQUESTS_WAITING_MAX
    } else {
      // Node keeps each until its turn comes, and a piece of 64 KiB may hold thousands.
      this.#ignored += 1
      if (this.#ignored > REQUESTS_WAITING_MAX) cutOff(request.socket)
    }
  }

  #begin([request, response]: Exchange): void {
    this.#current = response
    response.once('close', () => {
      this.#current = undefined
      this.#options.onEnded()
      if (!request.socket.writable) this.#waiting = []
      const next = this.#waiting.shift()
      if (next) this.#begin(next)
    })
    const { begin, refuse } = this.#options
    if (this.#isFull && this.#waiting.length === 0) refuse(request, response)
    else begin(request, response)
  }
}

/**
 * Node tells each request of a connection that ends so, with an error of its own: where those are thousands, most of the
 * time that they take goes into traces of where it was made, which nobody reads.
 */
function cutOff(socket: Socket): void {
  if (socket.destroyed) return
  const { stackTraceLimit } = Error
  socket.prependOnceListener('close', () => {
    Error.stackTraceLimit = 0
  })
  socket.once('close', () => {
    Error.stackTraceLimit = stackTraceLimit
  })
  socket.destroy()
}
