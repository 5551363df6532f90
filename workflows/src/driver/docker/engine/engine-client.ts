// A small client of the Engine API, as Docker and Podman serve it: JSON requests, and replies and bodies that stream. Why
// none from the registry: docs/decisions/0014. The reaper imports this file, so it stays small.
import { readFileSync } from 'node:fs'
import { type ClientRequest, IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { isIP } from 'node:net'
import { join } from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { DriverError } from '../../errors.ts'
import { ENGINE_CONNECT_MS, ENGINE_REPLY_MAX_BYTES, ENGINE_REPLY_MS } from '../../limits.ts'
import { startTimer } from '../../until.ts'
import type { EngineAddress } from './engine-address.ts'
import { field, textField } from './engine-reply.ts'

/** Written for this one: newer engines serve it as long as they can, and an older one is asked for its own. */
const API_VERSION = 1.41

export interface EngineRequest {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  /** Instead of `body`: a tar archive. */
  readonly archive?: Readable
  readonly signal?: AbortSignal | undefined
  /** The answer comes when something has happened, whenever that is. */
  readonly isWait?: true
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export class EngineClient {
  readonly address: EngineAddress
  readonly isPodman: boolean
  readonly #connection: RequestOptions
  readonly #prefix: string

  private constructor(address: EngineAddress, connection: RequestOptions, version: unknown) {
    this.address = address
    this.#connection = connection
    const [newest, oldest] = [Number(textField(version, 'ApiVersion')), Number(textField(version, 'MinAPIVersion'))]
    const api = newest < API_VERSION ? newest : oldest > API_VERSION ? oldest : API_VERSION
    this.#prefix = `/v${Number.isFinite(api) ? api : API_VERSION}`
    this.isPodman = JSON.stringify(field(version, 'Components') ?? '').includes('Podman')
  }

  /** ENGINE_UNREACHABLE where nobody answers, or not in time. */
  static async connect(
    address: EngineAddress,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<EngineClient> {
    const connection = connectionOf(address)
    const limit = { ms: ENGINE_CONNECT_MS, address, asked: 'GET /version', signal: options.signal }
    const version = await inTime(limit, async (signal) => {
      const reply = await send({ address, connection }, 'GET', '/version', { signal })
      return (await readAll(reply)).toString('utf8')
    })
    return new EngineClient(address, connection, JSON.parse(version))
  }

  /** ENGINE_FAILED with the status for everything but success, ENGINE_UNREACHABLE for none in time. An empty reply is undefined. */
  async json(method: Method, path: string, options: EngineRequest = {}): Promise<unknown> {
    const text = (await this.#reply(method, path, options)).toString('utf8')
    return text.trim() === '' ? undefined : JSON.parse(text)
  }

  /** Success is all there is to know: some engines say a word that is no JSON. */
  async tell(method: Method, path: string, options: EngineRequest = {}): Promise<void> {
    await this.#reply(method, path, options)
  }

  /** The reply, to be read, however long it takes. */
  stream(method: Method, path: string, options: EngineRequest = {}): Promise<IncomingMessage> {
    return send({ address: this.address, connection: this.#connection }, method, `${this.#prefix}${path}`, options)
  }

  /** Beyond the reply both sides speak as they like. */
  upgrade(path: string, { query, signal }: Pick<EngineRequest, 'query' | 'signal'> = {}): Promise<Duplex> {
    const { address } = this
    const limit = { ms: ENGINE_REPLY_MS, address, asked: `POST ${path}`, signal }
    const target = pathWith(`${this.#prefix}${path}`, query)
    return inTime(limit, (either) =>
      upgraded({ address, connection: this.#connection }, { path: target, signal: either }),
    )
  }

  /** A reply of JSON lines that tell of progress, as those to a pull: an error in them is one of the request. */
  async progress(method: Method, path: string, options: EngineRequest = {}): Promise<string[]> {
    const text = (await readAll(await this.stream(method, path, options))).toString('utf8')
    const lines = text.split('\n').filter((line) => line.trim() !== '')
    const messages = lines.map((line): unknown => JSON.parse(line))
    const error = messages.map((message) => textField(message, 'error')).find((each) => each !== '')
    if (error !== undefined) throw new DriverError('ENGINE_FAILED', `${path}: ${error}`, { data: { reason: error } })
    return messages.map((message) => textField(message, 'stream') || textField(message, 'status'))
  }

  async #reply(method: Method, path: string, options: EngineRequest): Promise<Buffer> {
    const read = async (signal: AbortSignal | undefined) =>
      readAll(await this.stream(method, path, { ...options, signal }))
    if (options.isWait) return read(options.signal)
    const { address } = this
    return inTime({ ms: ENGINE_REPLY_MS, address, asked: `${method} ${path}`, signal: options.signal }, read)
  }
}

interface TimeLimit {
  readonly ms: number
  readonly address: EngineAddress
  readonly asked: string
  readonly signal: AbortSignal | undefined
}

/** An engine that hangs is one that does not answer. Rejects with the reason of the signal, too. */
async function inTime<T>(limit: TimeLimit, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { ms, address, asked, signal } = limit
  const late = new AbortController()
  const cancel = startTimer(ms, () => {
    const message = `the container engine at ${address.url} has not answered ${asked} within ${ms / 1000} s; does it hang?`
    late.abort(new DriverError('ENGINE_UNREACHABLE', message, { data: { engine: address.url } }))
  })
  const either = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal])
  try {
    return await ask(either)
  } catch (error) {
    either.throwIfAborted()
    throw error
  } finally {
    cancel()
  }
}

/** The status of a reply that was none of success; undefined for any other error. */
export function engineStatus(error: unknown): number | undefined {
  if (!(error instanceof DriverError) || error.code !== 'ENGINE_FAILED') return undefined
  return typeof error.data.status === 'number' ? error.data.status : undefined
}

/** What the engine itself says of it. */
export function engineReason(error: unknown): string {
  if (error instanceof DriverError && typeof error.data.reason === 'string') return error.data.reason
  return error instanceof Error ? error.message : String(error)
}

function connectionOf({ url, certificates }: EngineAddress): RequestOptions {
  if (url.startsWith('unix://')) return { socketPath: url.slice('unix://'.length) }
  const { hostname, port } = new URL(url.replace(/^(tcp|https):/, 'http:'))
  const host = hostname.replace(/^\[|\]$/g, '')
  if (certificates === undefined) return { host, port: port || 2375 }
  const pem = (name: string) => readFileSync(join(certificates, name))
  // Options of TLS: node:https takes them beside those of a request.
  const tls = { ca: pem('ca.pem'), cert: pem('cert.pem'), key: pem('key.pem') }
  // Whose certificate it must be: not that of the `host` header, which is the same for all engines. Of an IP none is named.
  return Object.assign({ host, port: port || 2376 }, { ...tls, servername: isIP(host) > 0 ? '' : host })
}

async function send(
  { address, connection }: { address: EngineAddress; connection: RequestOptions },
  method: Method,
  path: string,
  { query, body, archive, signal }: EngineRequest,
): Promise<IncomingMessage> {
  signal?.throwIfAborted()
  const payload = body === undefined ? undefined : JSON.stringify(body)
  const headers = {
    host: 'docker',
    ...(payload !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
    ...(archive && { 'content-type': 'application/x-tar' }),
  }
  const request = openRequest(address)({
    ...connection,
    ...{ method, path: pathWith(path, query), headers, agent: false },
    ...(signal && { signal }),
  })
  const replied = replyTo(request, address, signal)
  if (archive) await Promise.race([pipeline(archive, request), replied])
  else request.end(payload)
  const reply = await replied
  const status = reply.statusCode ?? 0
  // 304: it is so already.
  if (status < 400) return reply
  throw await refusal(reply, `${method} ${path}`)
}

async function upgraded(
  { address, connection }: { address: EngineAddress; connection: RequestOptions },
  { path, signal }: { path: string; signal: AbortSignal | undefined },
): Promise<Duplex> {
  signal?.throwIfAborted()
  const headers = { host: 'docker', connection: 'Upgrade', upgrade: 'tcp', 'content-length': 0 }
  const options = { ...connection, method: 'POST', path, headers, agent: false, ...(signal && { signal }) }
  const request = openRequest(address)(options)
  const open = new Promise<Duplex>((resolve) => {
    request.once('upgrade', (_reply, socket) => resolve(socket))
  })
  const refused = replyTo(request, address, signal)
  request.end()
  const either = await Promise.race([open, refused])
  if (!(either instanceof IncomingMessage)) return either
  throw await refusal(either, `POST ${path}`)
}

async function refusal(reply: IncomingMessage, asked: string): Promise<DriverError> {
  const reason = messageIn((await readAll(reply)).toString('utf8'))
  const status = reply.statusCode ?? 0
  const message = `the container engine refuses ${asked}: ${reason} (HTTP ${status})`
  return new DriverError('ENGINE_FAILED', message, { data: { status, reason } })
}

function openRequest({ certificates }: EngineAddress): typeof plainRequest {
  return certificates === undefined ? plainRequest : tlsRequest
}

function pathWith(path: string, query: EngineRequest['query']): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(key, String(value))
  return search.size === 0 ? path : `${path}?${search}`
}

function replyTo(request: ClientRequest, address: EngineAddress, signal?: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve)
    request.once('error', (error: NodeJS.ErrnoException) => {
      if (signal?.aborted) return reject(signal.reason)
      const remedy =
        error.code === 'EACCES' ? 'may this user use it?' : 'is Docker or Podman started? DOCKER_HOST names it'
      const message = `no container engine answers at ${address.url} (${error.code ?? error.message}); ${remedy}`
      reject(new DriverError('ENGINE_UNREACHABLE', message, { data: { engine: address.url }, cause: error }))
    })
  })
}

async function readAll(reply: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of reply) {
    length += chunk.length
    if (length > ENGINE_REPLY_MAX_BYTES) throw new DriverError('ENGINE_FAILED', 'the container engine says too much')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function messageIn(text: string): string {
  try {
    return textField(JSON.parse(text), 'message') || text.trim()
  } catch {
    // A proxy's page, or cut off.
    return text.trim()
  }
}
