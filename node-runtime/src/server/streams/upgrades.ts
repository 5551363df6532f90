// WebSocket handshakes: who may have one, how many there are, and their end. Loaded by the first handshake.
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import WebSocket, { WebSocketServer } from 'ws'
import { type Asker, askGuard } from '../access/asker.ts'
import { checkCaller } from '../access/caller.ts'
import type { HeldBytes } from '../bodies/held-bytes.ts'
import { endWith } from '../connections/linger.ts'
import { httpFailureOf, ServerError } from '../errors.ts'
import type { JsonReader } from '../formats/json/reader.ts'
import type { ServerParts } from '../server-parts.ts'
import type { Hub } from './hub.ts'
import type { Keeper } from './keeper.ts'
import { MESSAGE_BYTES_MAX, SOCKETS_PER_KEY_MAX, STREAMS_MAX } from './limits.ts'
import { ClientSocket } from './socket.ts'

/** Close code of RFC 6455. */
const TOO_LONG = 1009

export interface UpgradeParts extends ServerParts {
  readonly json: JsonReader
  readonly held: HeldBytes
  readonly hub: Hub
  readonly keeper: Keeper
  /** SOCKETS_PER_KEY_MAX where nothing is said. */
  readonly perKeyMax?: number
}

/** Why there is no WebSocket, as the answer to its handshake. */
interface Refusal {
  readonly status: number
  readonly message: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The library closes for a message that is too long, and does not say why. */
class ReasonedSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, code === TOO_LONG && !reason ? `a message has at most ${MESSAGE_BYTES_MAX} bytes` : reason)
  }
}

export class Upgrades {
  readonly #parts: UpgradeParts
  readonly #clients = new Set<ClientSocket>()
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    WebSocket: ReasonedSocket,
    // Would cost memory a connection; texts are short.
    perMessageDeflate: false,
  })
  #refusing = false

  constructor(parts: UpgradeParts) {
    this.#parts = parts
    // What is no WebSocket handshake: without a listener the library says so in a page.
    this.#server.on('wsClientError', ({ message }, socket) =>
      refuse(socket, { status: 400, message, headers: { 'Sec-WebSocket-Version': '13, 8' } }),
    )
  }

  async answer(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const access = await this.#admit(request)
    if ('status' in access) return refuse(socket, access)
    this.#server.handleUpgrade(request, socket, head, (accepted) => {
      const client = new ClientSocket(accepted, { ...this.#parts, asker: access, bytes: socket })
      this.#clients.add(client)
      this.#parts.keeper.add(client)
      accepted.once('close', () => {
        this.#clients.delete(client)
        this.#parts.keeper.delete(client)
      })
      if (this.#refusing) client.end()
    })
  }

  /** Clients that are connected. */
  get count(): number {
    return this.#clients.size
  }

  /** Tells every client that the node stops. */
  close(): void {
    this.#refusing = true
    for (const client of this.#clients) client.end()
  }

  /** Of a key; where keys are not told apart, none. */
  #countOf(keyId: string | undefined): number {
    if (keyId === undefined) return 0
    return [...this.#clients].filter(({ asker }) => asker.keyId === keyId).length
  }

  async #admit(request: IncomingMessage): Promise<Refusal | Asker> {
    const { url = '', headers } = request
    try {
      if (!this.#parts.guard) checkCaller(headers)
      if (this.#refusing) throw new ServerError('STOPPING', 'the node is stopping')
      const access = await askGuard(this.#parts.guard, { headers, url, permission: 'token' })
      if (!access.granted) {
        const { status, reason } = access
        return { status, message: '', ...(reason === undefined ? {} : { headers: { 'X-Auth-Error': reason } }) }
      }
      const { perKeyMax = SOCKETS_PER_KEY_MAX } = this.#parts
      if (this.#countOf(access.keyId) >= perKeyMax) {
        return { status: 503, message: `this key has ${perKeyMax} WebSockets open, and no more are taken` }
      }
      if (this.#clients.size < STREAMS_MAX) return access
      return { status: 503, message: `${STREAMS_MAX} WebSockets are open, and no more are taken` }
    } catch (error) {
      return httpFailureOf(error)
    }
  }
}

function refuse(socket: Duplex, { status, message, headers = {} }: Refusal): void {
  const body = message === '' ? '' : JSON.stringify({ error: message })
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  endWith(socket, `${lines.join('\r\n')}\r\n\r\n${body}`)
  // The parser has let go of it: nobody else reads, and would see its end.
  socket.resume()
}
