// One WebSocket of a client: what it asks is answered, what it watches is pushed. It never holds more for a client than
// OUTBOUND_BYTES_MAX, and never works on more of its messages than MESSAGES_AT_ONCE.
import type { Duplex } from 'node:stream'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import type WebSocket from 'ws'
import { IdError } from '../../base/ids.ts'
import type { PresenceEvent } from '../../context/ports.ts'
import type { Asker } from '../access/asker.ts'
import type { HeldBytes } from '../bodies/held-bytes.ts'
import { ServerError } from '../errors.ts'
import type { JsonReader } from '../formats/json/reader.ts'
import { answerRpc, RPC_READING, type RpcAnswer } from '../rpc/answer.ts'
import { isRpcId } from '../rpc/rpc-id.ts'
import type { ServerParts } from '../server-parts.ts'
import type { Hub, Subscriber } from './hub.ts'
import { Incoming } from './incoming.ts'
import type { Connected } from './keeper.ts'
import {
  CLOSE_WITHIN_MS,
  MESSAGE_BYTES_MAX,
  MESSAGES_AT_ONCE,
  OUTBOUND_BYTES_MAX,
  PING_EVERY_MS,
  PONG_WITHIN_MS,
} from './limits.ts'
import { UnsentPresence } from './presence/unsent-presence.ts'
import type { Topics } from './topic.ts'
import { lostError, namesOf, TopicNames, topicsOf, wrongNames } from './visible.ts'

/** Close codes of RFC 6455. */
const GOING_AWAY = 1001
const PROTOCOL_ERROR = 1002
const POLICY_VIOLATION = 1008
const TRY_AGAIN_LATER = 1013

export interface SocketParts extends ServerParts {
  readonly json: JsonReader
  readonly hub: Hub
  /** Who made the handshake. */
  readonly asker: Asker
  readonly held: HeldBytes
  /** What the WebSocket is made of. */
  readonly bytes: Duplex
  readonly messageWithinMs?: number
  readonly pingEveryMs?: number
  readonly pongWithinMs?: number
}

const Message = Type.Object({
  id: Type.Optional(Type.Any()),
  method: Type.String(),
  params: Type.Optional(Type.Any()),
})

/** When a message begins: once the one before has, and it says when it has. */
interface Turn {
  readonly before: Promise<void>
  readonly begun: () => void
}

export class ClientSocket implements Subscriber, Connected {
  readonly #parts: SocketParts
  readonly #socket: WebSocket
  readonly #gone = new AbortController()
  readonly #unsent = new UnsentPresence()
  readonly #incoming: Incoming
  #isShowing = false
  #asker: Asker
  #running = 0
  #runningBytes = 0
  /** Of those that run: what came in one piece with the one that was too many runs, and waits. */
  #begun = 0
  #freed: () => void = () => undefined
  #latestBegun = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  constructor(socket: WebSocket, parts: SocketParts) {
    this.#parts = parts
    this.#asker = parts.asker
    this.#socket = socket
    this.#incoming = new Incoming(socket, {
      held: parts.held,
      keyId: parts.asker.keyId,
      bytes: parts.bytes,
      messageWithinMs: parts.messageWithinMs,
      onTooMuch: (error) => this.#close(TRY_AGAIN_LATER, error instanceof Error ? error.message : String(error)),
      onLate: () => this.#close(POLICY_VIOLATION, 'a message did not come whole in time'),
    })
    socket.on('message', (data, isBinary) => {
      // Binary frames are no part of the protocol, and ignored as in the reference node.
      if (!isBinary && data instanceof Buffer) this.#take(data)
    })
    socket.on('pong', () => this.#askLater())
    // A close follows.
    socket.on('error', (error) => parts.log.debug({ error: error.message }, 'a WebSocket failed'))
    socket.once('close', () => {
      clearTimeout(this.#timer)
      parts.hub.leave(this)
      this.#gone.abort(new ServerError('BAD_REQUEST', 'the client went away'))
    })
    this.#askLater()
  }

  deliver(event: string): void {
    this.#send(`{"id":null,"result":${event}}`)
  }

  show(event: PresenceEvent): void {
    this.#unsent.put(event)
    if (!this.#isShowing) this.#showNext()
  }

  get asker(): Asker {
    return this.#asker
  }

  lost(topics: Topics): void {
    this.#send(errorText('null', lostError(topics)))
  }

  renewed(asker: Asker): void {
    this.#asker = asker
    this.#parts.hub.review(this)
  }

  dismiss(reason: string): void {
    this.#close(POLICY_VIOLATION, reason)
  }

  /** The node stops. */
  end(): void {
    this.#close(GOING_AWAY, 'the node is stopping')
  }

  #send(text: string): void {
    const socket = this.#socket
    if (socket.readyState !== socket.OPEN) return
    const waiting = socket.bufferedAmount
    if (waiting > 0 && waiting + text.length > OUTBOUND_BYTES_MAX) {
      this.#parts.log.warn({ waiting }, 'a WebSocket client is too slow and was dropped')
      this.#parts.hub.tooSlow += 1
      this.#close(TRY_AGAIN_LATER, `too slow: ${waiting} bytes wait to be read`)
      return
    }
    socket.send(text)
  }

  /** One at a time: the next once this has left for the client, and all that was sent before it. */
  #showNext(): void {
    const { hub } = this.#parts
    const isOpen = this.#socket.readyState === this.#socket.OPEN
    const event = isOpen ? this.#unsent.next((id) => hub.watches(this, id)) : undefined
    this.#isShowing = event !== undefined
    if (event === undefined) return
    // Whatever comes of it: of a connection that has ended nothing is open.
    this.#socket.send(`{"id":null,"result":${hub.textOf(event)}}`, () => this.#showNext())
  }

  /** Who does not answer the close, because nothing reaches it any more, is cut off. */
  #close(code: number, reason: string): void {
    this.#parts.hub.leave(this)
    this.#unsent.clear()
    clearTimeout(this.#timer)
    this.#socket.close(code, reason)
    const cutOff = setTimeout(() => this.#socket.terminate(), CLOSE_WITHIN_MS)
    this.#socket.once('close', () => clearTimeout(cutOff))
  }

  #askLater(): void {
    const { pingEveryMs = PING_EVERY_MS, pongWithinMs = PONG_WITHIN_MS } = this.#parts
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = setTimeout(() => this.#close(PROTOCOL_ERROR, 'Ping timeout'), pongWithinMs)
      this.#socket.ping()
    }, pingEveryMs)
  }

  #take(message: Buffer): void {
    this.#running += 1
    this.#runningBytes += message.length
    this.#incoming.begin(message.length)
    if (!this.#hasRoom()) this.#socket.pause()
    const before = this.#latestBegun
    const { promise, resolve: begun } = Promise.withResolvers<void>()
    this.#latestBegun = promise
    this.#inTurn(message, { before, begun }).finally(() => {
      this.#running -= 1
      this.#runningBytes -= message.length
      this.#incoming.done(message.length)
      if (this.#socket.isPaused && this.#hasRoom()) this.#socket.resume()
    })
  }

  /** They begin in the order in which they came, also where one takes turns to read and the next none. */
  async #inTurn(message: Buffer, { before, begun }: Turn): Promise<void> {
    await before
    // Whoever comes behind waits for this one to begin.
    while (this.#begun >= MESSAGES_AT_ONCE) {
      await new Promise<void>((resolve) => {
        this.#freed = resolve
      })
    }
    this.#begun += 1
    try {
      await this.#answer(message, begun)
    } finally {
      begun()
      this.#begun -= 1
      this.#freed()
    }
  }

  #hasRoom(): boolean {
    return this.#running < MESSAGES_AT_ONCE && this.#runningBytes < MESSAGE_BYTES_MAX
  }

  /** What is no message at all is not answered: there is no id to answer it by. Answers come in any order. */
  async #answer(bytes: Buffer, begun: () => void): Promise<void> {
    if (this.#gone.signal.aborted) return
    let message: unknown
    try {
      message = await this.#parts.json.read(bytes, RPC_READING, this.#asker.keyId)
    } catch (error) {
      if (error instanceof ServerError && error.code === 'BUSY') this.#close(TRY_AGAIN_LATER, error.message)
      // Not JSON: as above.
      return
    }
    if (!Value.Check(Message, message) || !isRpcId(message.id ?? null)) return
    const id = JSON.stringify(message.id ?? null)
    try {
      const answer = await this.#run(message, begun)
      this.#send('result' in answer ? `{"id":${id},"result":${answer.result}}` : errorText(id, answer.error))
    } catch (error) {
      if (this.#gone.signal.aborted) return
      if (error instanceof ServerError || error instanceof IdError) {
        this.#send(errorText(id, { type: 'ParseError', data: error.message }))
        return
      }
      // A defect of ours: the client learns that there was one, and others are none the worse for it.
      this.#parts.log.error(
        { error: error instanceof Error ? error.stack : String(error) },
        'a WebSocket request failed',
      )
      this.#send(errorText(id, { type: 'InternalError', data: {} }))
    }
  }

  async #run({ method, params }: Static<typeof Message>, begun: () => void): Promise<RpcAnswer> {
    const { hub, log } = this.#parts
    if (method === 'subscribe' || method === 'unsubscribe') {
      if (!Value.Check(TopicNames, params)) throw new ServerError('BAD_REQUEST', `${method}: ${wrongNames(params)}`)
      const asked = topicsOf(params)
      if (method === 'unsubscribe') {
        hub.unsubscribe(this, asked)
        return { result: JSON.stringify(namesOf(asked)) }
      }
      return { result: JSON.stringify(namesOf(hub.subscribe(this, asked))) }
    }
    if (method !== 'execute') {
      throw new ServerError('BAD_REQUEST', `unknown method; there are subscribe, unsubscribe and execute`)
    }
    // A token may have been revoked since the handshake.
    const now = await this.#asker.again()
    const unlock = (permission: string) => (now.granted && now.permits(permission) ? this.#parts : undefined)
    const { member } = now.granted ? now : this.#asker
    const answer = answerRpc(
      { log, unlock, self: this.#parts.node.identity.publicKey },
      { method, params, signal: this.#gone.signal, member },
    )
    begun()
    return answer
  }
}

function errorText(id: string, error: { readonly type: string; readonly data?: unknown }): string {
  return `{"id":${id},"error":${JSON.stringify(error)}}`
}
