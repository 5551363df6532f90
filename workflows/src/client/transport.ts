// One JSON request over the global fetch (keep-alive connections): a deadline per phase, a bounded reply, and every
// failure as a ClientError. It knows no routes.
import { startTimer } from '../driver/until.ts'
import type { JsonValue } from '../values/json/json-value.ts'
import { exactJson, parseLosslessJson } from '../values/json/lossless-json.ts'
import { shortened } from '../values/shortened.ts'
import { ClientError, type ClientErrorData } from './client-error.ts'
import { authErrorIn, authErrorNote, errorDetail, httpErrorMessage } from './error-message.ts'
import {
  BLOB_TIMEOUT_MS,
  BODY_TIMEOUT_MS,
  ERROR_DETAIL_MAX_CHARS,
  HEADERS_TIMEOUT_MS,
  REPLY_MAX_BYTES,
} from './limits.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export interface TransportOptions {
  /** Until the headers of the reply. The connection itself has 10 s of them. */
  readonly timeoutMs?: number
  readonly bodyTimeoutMs?: number
  /** Bearer token, asked for at every request so that a refreshed one is used. */
  readonly token?: string | (() => string | undefined)
  /**
   * Asked for a better token when the node refused this one (401). Resolves with whether there is one now.
   */
  readonly renew?: (refused: string) => Promise<boolean>
}

export interface RequestOptions {
  /** Rejects with its reason. */
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  /** Instead of the client's own; null sends none. */
  readonly token?: string | null
  /** More request headers. */
  readonly headers?: Readonly<Record<string, string>>
  /** Shown the headers of the reply, whatever its status is. */
  readonly onHeaders?: (headers: Headers) => void
}

type Sent = RequestOptions & {
  readonly body?: JsonValue | undefined
  /** Sent as they are instead of a JSON body. */
  readonly bytes?: Blob
  readonly bodyTimeoutMs?: number
}

interface Exchanged<T> {
  readonly status: number
  readonly value: T
  /** Why the guard refused the token, before anything was done with the request. */
  readonly authError: string | undefined
  /** It was asked with one, or told to. */
  readonly isAboutToken: boolean
}

/** Another token makes it good. */
const EXPIRED = 'token_expired'

const NOT_REPEATED = ' (there is a new token now; the request was not sent again)'

/** Marks the abort that a deadline of ours caused. */
const TIMED_OUT = Symbol('timed out')

export class Transport {
  /** Without a slash at the end. May contain a path, which stays in front of every route. */
  readonly baseUrl: string
  readonly #options: TransportOptions

  constructor(baseUrl: string, options: TransportOptions) {
    this.baseUrl = baseUrl.replace(/\/+$/, '')
    this.#options = options
  }

  /** The parsed reply of a 2xx (null for an empty one); ClientError or `signal.reason` otherwise. */
  async json(method: Method, path: string, sent: Sent = {}): Promise<JsonValue> {
    const about = { method, url: `${this.baseUrl}${path}` }
    const { value: text } = await this.#good(about, sent, (response) => readText(response, about))
    if (text.trim() === '') return null
    try {
      return parseLosslessJson(text)
    } catch (error) {
      throw new ClientError('REPLY', `${method} ${about.url} answered something that is not JSON`, about, error)
    }
  }

  /** Hands over the body of a 2xx, piece by piece and in order. BLOB_TIMEOUT_MS for the whole. */
  async download(path: string, take: (piece: Uint8Array) => Promise<void>, sent: RequestOptions = {}): Promise<void> {
    const about = { method: 'GET', url: `${this.baseUrl}${path}` }
    let refusal: { readonly error: unknown } | undefined
    const keep = async (piece: Uint8Array) => {
      try {
        await take(piece)
      } catch (error) {
        refusal = { error }
        throw error
      }
    }
    const read = async (response: Response) => {
      if (!isGood(response.status)) return readText(response, about)
      for await (const piece of response.body ?? []) await keep(piece)
      return ''
    }
    try {
      await this.#good(about, { ...sent, bodyTimeoutMs: BLOB_TIMEOUT_MS }, read)
    } catch (error) {
      // Who takes the bytes has failed, not the connection.
      throw refusal === undefined ? error : refusal.error
    }
  }

  /** What requests are sent with: the option of the request, else the client's own. */
  tokenFor(options: RequestOptions): string | undefined {
    const own = this.#options.token
    return options.token === undefined ? (typeof own === 'function' ? own() : own) : (options.token ?? undefined)
  }

  /** Only replies of 2xx. */
  async #good(
    about: ClientErrorData,
    sent: Sent,
    read: (response: Response) => Promise<string>,
  ): Promise<Exchanged<string>> {
    const token = this.tokenFor(sent)
    const first = await this.#exchange(about, sent, read)
    if (isGood(first.status)) return first
    const isOurs = sent.token === undefined && token !== undefined
    if (first.status !== 401 || !isOurs || !(await this.renewed(token, sent))) throw httpError(about, first)
    // Whoever refuses for another reason may have begun with it: only what changes nothing is sent again.
    if (about.method !== 'GET' && first.authError !== EXPIRED) throw httpError(about, first, NOT_REPEATED)
    const second = await this.#exchange(about, sent, read)
    if (isGood(second.status)) return second
    throw httpError(about, second)
  }

  /** Whether there is another token than the refused one now. */
  async renewed(refused: string, { signal }: RequestOptions): Promise<boolean> {
    const { renew } = this.#options
    if (renew === undefined) return false
    const ended = Promise.withResolvers<never>()
    const onAbort = () => ended.reject(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([renew(refused), ended.promise])
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  async #exchange<T>(
    about: ClientErrorData,
    sent: Sent,
    read: (response: Response) => Promise<T>,
  ): Promise<Exchanged<T>> {
    const { signal } = sent
    signal?.throwIfAborted()
    const request = this.#request(about, sent)
    const controller = new AbortController()
    const onAbort = () => controller.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    let phase: 'headers' | 'body' = 'headers'
    let limitMs = sent.timeoutMs ?? this.#options.timeoutMs ?? HEADERS_TIMEOUT_MS
    let cancel = startTimer(limitMs, () => controller.abort(TIMED_OUT))
    try {
      const response = await fetch(about.url, { ...request, signal: controller.signal })
      cancel()
      sent.onHeaders?.(response.headers)
      phase = 'body'
      limitMs = sent.bodyTimeoutMs ?? this.#options.bodyTimeoutMs ?? BODY_TIMEOUT_MS
      cancel = startTimer(limitMs, () => controller.abort(TIMED_OUT))
      const authError = authErrorIn(response.headers.get('x-auth-error'))
      const isAboutToken = authError !== undefined || this.tokenFor(sent) !== undefined
      return { status: response.status, value: await read(response), authError, isAboutToken }
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof ClientError) throw error
      throw controller.signal.reason === TIMED_OUT
        ? new ClientError('TIMEOUT', timeoutMessage(about, phase, limitMs), { ...about, phase })
        : networkFault(about, error)
    } finally {
      cancel()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #request(about: ClientErrorData, sent: Sent): RequestInit {
    const token = this.tokenFor(sent)
    const headers: Record<string, string> = { accept: 'application/json', ...sent.headers }
    if (token !== undefined) headers.authorization = `Bearer ${token}`
    if (sent.bytes !== undefined) return { method: about.method, headers, body: sent.bytes }
    if (sent.body === undefined) return { method: about.method, headers }
    headers['content-type'] ??= 'application/json'
    return { method: about.method, headers, body: exactJson(sent.body) }
  }
}

function isGood(status: number): boolean {
  return status >= 200 && status <= 299
}

function httpError(about: ClientErrorData, answer: Exchanged<string>, note = ''): ClientError {
  const { status, value, authError, isAboutToken } = answer
  const detail = shortened(errorDetail(value, parseLosslessJson), ERROR_DETAIL_MAX_CHARS)
  // Nothing else tells what was asked for.
  const asked = detail === '' ? ` to ${about.method} ${URL.parse(about.url)?.pathname ?? about.url}` : ''
  const message = `${httpErrorMessage({ status, detail, isAboutToken })}${asked}${authErrorNote(authError)}${note}`
  return new ClientError('HTTP', message, { ...about, status, detail, ...(authError !== undefined && { authError }) })
}

function timeoutMessage(about: ClientErrorData, phase: 'headers' | 'body', limitMs: number): string {
  const missing = phase === 'headers' ? 'no answer' : 'no complete answer'
  return `Request timeout: ${missing} to ${about.method} ${about.url} within ${limitMs} ms`
}

function networkFault(about: ClientErrorData, error: unknown): ClientError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const code = errorCode(cause)
  const seen = code ?? (cause instanceof Error ? cause.message : String(cause))
  // The connection's own deadline belongs to the platform; to the caller it is one more phase.
  const timedOut = code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT'
  const message = `Network error: ${about.method} ${about.url} failed: ${seen}`
  return new ClientError(timedOut ? 'TIMEOUT' : 'NETWORK', message, { ...about, cause: seen }, error)
}

function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** The whole body as UTF-8, at most REPLY_MAX_BYTES. */
async function readText(response: Response, about: ClientErrorData): Promise<string> {
  if (response.body === null) return ''
  const decoder = new TextDecoder()
  let size = 0
  let text = ''
  for await (const chunk of response.body) {
    size += chunk.byteLength
    if (size > REPLY_MAX_BYTES) {
      throw new ClientError('REPLY', `${about.method} ${about.url} answered more than ${REPLY_MAX_BYTES} bytes`, about)
    }
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
