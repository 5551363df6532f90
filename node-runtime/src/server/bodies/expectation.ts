// Clients that ask before they send a body (Expect: 100-continue). They are told to go on when somebody reads it, so that what
// is refused by its head alone is never sent.
import { IncomingMessage, type ServerResponse } from 'node:http'

/** Until then the answer is the last of its connection: whether the body comes after a refusal, nobody can know. */
export function continueWhenRead(request: IncomingMessage, response: ServerResponse): void {
  const { shouldKeepAlive } = response
  response.shouldKeepAlive = false
  request._read = (size) => {
    request._read = IncomingMessage.prototype._read
    if (!response.headersSent) {
      response.shouldKeepAlive = shouldKeepAlive
      response.writeContinue()
    }
    request._read(size)
  }
}
