// The last words of a connection. Closed while something still comes it would be reset, and what was said lost with it: so it
// is read on for a moment, and nothing is done with that.
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { LINGER_MS } from '../limits.ts'

/** Says why to what never became a request, and ends the connection. Whoever reads it goes on reading. */
export function endWith(socket: Duplex, answer: string): void {
  socket.end(answer)
  endSoon(socket)
}

/** The last answer of a connection may go out before its request has come whole. `latest`: the request that came last. */
export function lingerWhereUnread(socket: Socket, latest: () => IncomingMessage | undefined): void {
  const destroySoon = socket.destroySoon.bind(socket)
  // What Node calls once the last answer is written.
  socket.destroySoon = () => {
    const request = latest()
    if (request === undefined || request.complete || socket.destroyed) {
      destroySoon()
      return
    }
    socket.end()
    endSoon(socket)
    request.once('end', destroySoon).resume()
  }
}

function endSoon(socket: Duplex): void {
  const cutOff = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(cutOff))
}
