// The HTTP server: listeners, connections and their limits, and who answers: probes here, the API everything else. The
// API is loaded by the first request that needs it, which waits: a node that starts is asked only whether it is ready.
import { once } from 'node:events'
import {
  createServer as createListener,
  type IncomingMessage,
  maxHeaderSize,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Api } from './api.ts'
import { fewAtATime } from './connections/few-at-a-time.ts'
import { refuseHead } from './connections/heads.ts'
import { refuseCrowded, refuseLate } from './connections/late.ts'
import { endWith } from './connections/linger.ts'
import { connectionsThatFit, limitConnections, type Room } from './connections/room.ts'
import { nobodyComes, somebodyComes } from './connections/settling.ts'
import { ServerError } from './errors.ts'
import {
  CONNECTIONS_CHECK_MS,
  CUT_OFF_MS,
  DRAIN_MS,
  KEEP_ALIVE_MS,
  REQUEST_RECEIVE_MS,
  UPLOAD_RECEIVE_MS,
} from './limits.ts'
import { answerProbe } from './probes.ts'
import { loggedPath } from './routing/logged-path.ts'
import type { ServerParts } from './server-parts.ts'
import type { Streams } from './streams/streams.ts'

const WEBSOCKET_PATH = '/ws'

export interface HttpServer {
  /** Throws ServerError: ADDRESS_IN_USE, ADDRESS_UNUSABLE. Port 0 takes a free one. */
  listen(host: string, port: number): Promise<void>
  /** On a socket that listens already, inherited from who started this process. */
  listenOnSocket(fd: number): Promise<void>
  /** `http://host:port` of each listener. */
  addresses(): string[]
  /**
   * Waits for what is under way, and only then stops to listen: who asks meanwhile is told that the node stops. After
   * DRAIN_MS what is under way is given up, and CUT_OFF_MS later what is still connected is cut off. Idempotent.
   */
  close(): Promise<void>
}

export function createServer(parts: ServerParts): HttpServer {
  const listening: Server[] = []
  const rooms: Room[] = []
  const stop = new AbortController()
  const api = lateApi(parts, stop.signal)
  /** Not yet answered, of before the end. */
  const underWay = new Set<ServerResponse>()
  let closing: Promise<void> | undefined
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    if (closing) {
      response.setHeader('connection', 'close')
      if (!answerProbe(parts, request, response)) refuseLate(parts, request, response)
      return
    }
    underWay.add(response)
    response.once('close', () => underWay.delete(response))
    if (refuseHead(parts, request, response)) return
    if (!answerProbe(parts, request, response)) api.answer(request, response)
  }
  const openAt = async (place: ListenPlace) => {
    const server = await listenOn(place)
    const max = parts.connectionsMax ?? connectionsThatFit()
    const onRefused = () => parts.log.debug({ ...place }, 'too many connections; one was refused')
    const onCrowded = (request: IncomingMessage, response: ServerResponse) => refuseCrowded(parts, request, response)
    rooms.push(limitConnections(server, { max, onRefused, onRequest, onCrowded, onUpgrade: api.upgrade }))
    listening.push(server)
    return server
  }
  const end = async () => {
    const impatience = setTimeout(() => stop.abort(new ServerError('STOPPING', 'the node is stopping')), DRAIN_MS)
    // A client that neither sends nor reads would hold the end up for as long as it likes.
    const cutOff = setTimeout(() => {
      for (const server of listening) server.closeAllConnections()
      for (const room of rooms) room.endAll()
    }, DRAIN_MS + CUT_OFF_MS)
    // A client that keeps its connection would be waited for.
    for (const response of underWay) if (!response.headersSent) response.setHeader('connection', 'close')
    const wasBusy = underWay.size > 0
    await api.endStreams()
    while (underWay.size > 0) await Promise.all([...underWay].map(closed))
    const isBusy = wasBusy || (await somebodyComes(rooms))
    if (isBusy) await nobodyComes(rooms)
    const done = Promise.all([api.refuse(), ...listening.map(ended)])
    // Who came in at the last moment.
    if (isBusy) await nobodyComes(rooms)
    for (const room of rooms) room.endWaiting()
    await done
    clearTimeout(impatience)
    clearTimeout(cutOff)
  }
  return {
    async listen(host, port) {
      const taken = addressOf(await openAt({ host, port }))
      if (host !== 'localhost') return
      // It has an address of each family, and a client may take either; one that a machine lacks is no loss.
      for (const other of await otherAddresses(host, taken.address))
        await openAt({ host: other, port: taken.port }).catch(() => {})
    },
    async listenOnSocket(fd) {
      await openAt({ fd })
    },
    addresses: () => listening.filter((server) => server.listening).map((server) => urlOf(addressOf(server))),
    close() {
      closing ??= end()
      return closing
    },
  }
}

interface LateApi extends Api {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Tells who reads streams that the node stops. What is asked besides goes on. */
  endStreams(): Promise<void>
}

/** The API, loaded by its first request or handshake. */
function lateApi(parts: ServerParts, stop: AbortSignal): LateApi {
  const sinceMs = parts.node.ports.clock.nowMs()
  let loaded: { readonly api: Api; readonly streams: Streams } | undefined
  let loading: Promise<NonNullable<typeof loaded>> | undefined
  let streamsEnd = false
  const load = async () => {
    const [{ createApi }, { Streams }, { Metrics }, { JsonReader }, { HeldBytes }] = await Promise.all([
      import('./api.ts'),
      import('./streams/streams.ts'),
      import('./metrics/metrics.ts'),
      import('./formats/json/reader.ts'),
      import('./bodies/held-bytes.ts'),
    ])
    const json = new JsonReader()
    const held = new HeldBytes()
    const metrics = new Metrics(parts.node)
    const streams = new Streams({ ...parts, metrics, json, held })
    const api = await createApi({ ...parts, metrics, streams, json, held, sinceMs }, stop)
    loaded = { api, streams }
    if (streamsEnd) streams.close()
    return loaded
  }
  const once = () => {
    loading ??= load()
    return loading
  }
  const notLoaded = (url: string | undefined, error: unknown) =>
    parts.log.error({ url: loggedPath(url), error: stackOf(error) }, 'the API could not be loaded')
  return {
    answer(request, response) {
      if (loaded) {
        loaded.api.answer(request, response)
        return
      }
      once().then(
        ({ api }) => {
          // Who went away meanwhile is not answered.
          if (!request.socket.destroyed) api.answer(request, response)
        },
        (error: unknown) => {
          notLoaded(request.url, error)
          response.writeHead(500, { 'content-type': 'application/json; charset=utf-8', connection: 'close' })
          response.end(JSON.stringify({ error: 'Internal server error' }))
        },
      )
    },
    upgrade(request, socket, head) {
      once()
        .then(({ streams }) => streams.upgrade(request, socket, head))
        .catch((error: unknown) => {
          notLoaded(request.url, error)
          socket.destroy()
        })
    },
    async endStreams() {
      streamsEnd = true
      // One that cannot be loaded has none.
      const there = await loading?.catch(() => undefined)
      there?.streams.close()
    },
    async refuse() {
      const there = await loading?.catch(() => undefined)
      await there?.api.refuse()
    },
  }
}

type ListenPlace = { readonly host: string; readonly port: number } | { readonly fd: number }

async function listenOn(place: ListenPlace): Promise<Server> {
  const server = createListener({
    headersTimeout: REQUEST_RECEIVE_MS,
    // Of uploads; the API holds everything else to less.
    requestTimeout: UPLOAD_RECEIVE_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
    shouldUpgradeCallback: isWebSocket,
    // Refused by `refuseHead`, which says so.
    requireHostHeader: false,
  })
  const refuseLate = fewAtATime<[Error, Duplex]>(([error, socket]) => refuseUnreadable(error, socket))
  server.on('clientError', (error: Error & { code?: string }, socket) => {
    if (error.code === LATE) refuseLate([error, socket])
    else refuseUnreadable(error, socket)
  })
  server.listen(place)
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw listenError(place, cause)
  }
  return server
}

/** Every other protocol that a client would rather speak is ignored, and what it asks answered as if it had not said so. */
function isWebSocket({ method, url = '', headers }: IncomingMessage): boolean {
  return method === 'GET' && url.split('?')[0] === WEBSOCKET_PATH && headers.upgrade?.toLowerCase() === 'websocket'
}

/** Told once, however much more comes on their connections. */
const REFUSED = new WeakSet<Duplex>()

/** Many can be late in one turn: those that came together. */
const LATE = 'ERR_HTTP_REQUEST_TIMEOUT'

/** What is no HTTP, or does not arrive in time, never becomes a request. */
function refuseUnreadable(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || REFUSED.has(socket)) return
  if (!socket.writable) {
    socket.destroy(error)
    return
  }
  const [status, message] =
    error.code === LATE
      ? [408, 'the request did not arrive in time']
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? [431, `the headers of the request are larger than ${maxHeaderSize} bytes`]
        : [400, 'this is no HTTP request']
  const body = JSON.stringify({ error: message })
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json; charset=utf-8`
  REFUSED.add(socket)
  endWith(socket, `${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`)
}

/** The addresses of a name, without the one that is listened on. */
async function otherAddresses(host: string, taken: string): Promise<string[]> {
  const { lookup } = await import('node:dns/promises')
  const found = await lookup(host, { all: true })
  return found.map(({ address }) => address).filter((address) => address !== taken)
}

async function closed(response: ServerResponse): Promise<void> {
  await new Promise((resolve) => response.once('close', resolve))
}

/** Resolves when no connection is left. */
async function ended(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve))
}

function addressOf(server: Server): AddressInfo {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('assertion failed: listening on a port')
  return address
}

function urlOf({ address, port }: AddressInfo): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`
}

function stackOf(error: unknown): string {
  return (error instanceof Error && error.stack) || String(error)
}

function listenError(place: ListenPlace, cause: unknown): ServerError {
  if ('fd' in place) {
    const message = `file descriptor ${place.fd} is no socket that listens: ${cause}`
    return new ServerError('ADDRESS_UNUSABLE', message, { cause, data: { ...place } })
  }
  const { host, port } = place
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'EADDRINUSE') {
    const message = `port ${port} on ${host} is in use by another program; choose another with --server-port`
    return new ServerError('ADDRESS_IN_USE', message, { cause, data: { host, port } })
  }
  const why = cause instanceof Error ? cause.message : String(cause)
  return new ServerError('ADDRESS_UNUSABLE', `cannot listen on ${host}:${port}: ${why}`, {
    cause,
    data: { host, port },
  })
}
