// A WebSocket to a node: opened with a deadline, frames read one after the other, and a refused handshake as the
// ClientError that the same refusal over HTTP would be.
import { randomBytes } from 'node:crypto'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { startTimer } from '../driver/until.ts'
import { ClientError } from './client-error.ts'
import { authErrorIn, authErrorNote, httpErrorMessage } from './error-message.ts'
import { SOCKET_FRAMES_MAX, SOCKET_TIMEOUT_MS } from './limits.ts'

export interface NodeSocket {
  send(text: string): void
  /** The next text frame; undefined when `timeoutMs` is over. ClientError when the connection has ended. */
  next(options: { signal: AbortSignal; timeoutMs: number }): Promise<string | undefined>
  close(): void
  /** The connection is over; frames that came before may still be read. */
  readonly ended: boolean
}

export interface SocketOptions {
  readonly signal: AbortSignal
  readonly token?: string | undefined
  readonly timeoutMs?: number | undefined
}

export async function openSocket(baseUrl: string, options: SocketOptions): Promise<NodeSocket> {
  options.signal.throwIfAborted()
  const url = `${baseUrl}/ws`
  const query = options.token === undefined ? '' : `?token=${encodeURIComponent(options.token)}`
  const socket = new OpenSocket(url, new WebSocket(`${url.replace(/^http/, 'ws')}${query}`))
  const timeoutMs = options.timeoutMs ?? SOCKET_TIMEOUT_MS
  try {
    if (await within(timeoutMs, options.signal, socket.opened)) return socket
  } catch (error) {
    socket.close()
    options.signal.throwIfAborted()
    // The platform's WebSocket does not say why the handshake failed.
    throw (await refusalOf(url, query, options)) ?? error
  }
  socket.close()
  const message = `Request timeout: the WebSocket ${url} was not open within ${timeoutMs} ms`
  throw new ClientError('TIMEOUT', message, { method: 'GET', url, phase: 'headers' })
}

class OpenSocket implements NodeSocket {
  readonly opened: Promise<true>
  readonly #url: string
  readonly #socket: WebSocket
  readonly #frames: string[] = []
  #ended: ClientError | undefined
  #wake: () => void = () => undefined

  constructor(url: string, socket: WebSocket) {
    this.#url = url
    this.#socket = socket
    const opened = Promise.withResolvers<true>()
    this.opened = opened.promise
    socket.addEventListener('open', () => opened.resolve(true))
    socket.addEventListener('message', ({ data }) => this.#take(data))
    socket.addEventListener('close', ({ code, reason }) => {
      this.#end(`closed with code ${code}${reason === '' ? '' : ` (${reason})`}`)
      opened.reject(this.#ended)
    })
    // A close follows, and is where it is dealt with.
    socket.addEventListener('error', () => undefined)
    opened.promise.catch(() => undefined)
  }

  send(text: string): void {
    this.#socket.send(text)
  }

  async next(options: { signal: AbortSignal; timeoutMs: number }): Promise<string | undefined> {
    if (this.#frames.length === 0 && this.#ended === undefined) {
      const woken = new Promise<true>((resolve) => {
        this.#wake = () => resolve(true)
      })
      await within(options.timeoutMs, options.signal, woken)
    }
    const frame = this.#frames.shift()
    if (frame === undefined && this.#ended !== undefined) throw this.#ended
    return frame
  }

  close(): void {
    this.#socket.close()
  }

  get ended(): boolean {
    return this.#ended !== undefined
  }

  #take(data: unknown): void {
    if (typeof data !== 'string') return
    if (this.#frames.length >= SOCKET_FRAMES_MAX) {
      this.#end(`given up: ${SOCKET_FRAMES_MAX} frames wait to be read`)
      this.#socket.close()
    } else this.#frames.push(data)
    this.#wake()
  }

  #end(how: string): void {
    const about = { method: 'GET', url: this.#url }
    this.#ended ??= new ClientError('NETWORK', `Network error: the WebSocket ${this.#url} was ${how}`, about)
    this.#wake()
  }
}

/** Undefined when the time is over first. */
async function within<T>(timeoutMs: number, signal: AbortSignal, promise: Promise<T>): Promise<T | undefined> {
  signal.throwIfAborted()
  const end = Promise.withResolvers<undefined>()
  const cancel = startTimer(timeoutMs, () => end.resolve(undefined))
  const onAbort = () => end.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, end.promise])
  } finally {
    cancel()
    signal.removeEventListener('abort', onAbort)
  }
}

/** What the node answers to the same handshake, where that is an answer at all. */
async function refusalOf(url: string, query: string, options: SocketOptions): Promise<ClientError | undefined> {
  const answer = Promise.withResolvers<IncomingMessage | undefined>()
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
  }
  const send = url.startsWith('https:') ? httpsRequest : httpRequest
  const probe = send(`${url}${query}`, { headers, signal: options.signal, timeout: SOCKET_TIMEOUT_MS })
  probe.once('response', answer.resolve)
  probe.once('upgrade', () => answer.resolve(undefined))
  probe.once('timeout', () => answer.resolve(undefined))
  probe.once('error', () => answer.resolve(undefined))
  probe.end()
  const response = await answer.promise
  const status = response?.statusCode
  const authError = authErrorIn(response?.headers['x-auth-error'])
  probe.destroy()
  options.signal.throwIfAborted()
  if (status === undefined) return undefined
  const about = { method: 'GET', url, status, detail: '', ...(authError !== undefined && { authError }) }
  return new ClientError(
    'HTTP',
    `${httpErrorMessage({ status, detail: '', isAboutToken: query !== '' || authError !== undefined })} (WebSocket handshake)${authErrorNote(authError)}`,
    about,
  )
}
