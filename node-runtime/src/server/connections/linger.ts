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

export interface Arriving {
  /** The request that came last. */
  readonly latest?: IncomingMessage
  /** More are on their way. */
  readonly sendsOn: boolean
}

/** The last answer of a connection may go out before its request has come whole, or while others come. */
export function lingerWhereUnread(socket: Socket, arriving: () => Arriving): void {
  const destroySoon = socket.destroySoon.bind(socket)
  // What Node calls once the last answer is written.
  socket.destroySoon = () => {
    const { latest, sendsOn } = arriving()
    const isWhole = latest === undefined || latest.complete
    if (socket.destroyed || (isWhole && !sendsOn)) {
      destroySoon()
      return
    }
    socket.end()
    endSoon(socket)
    if (!sendsOn) latest?.once('end', destroySoon).resume()
  }
}

function endSoon(socket: Duplex): void {
  const cutOff = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(cutOff))
}
