// The HTTP server: Fastify, the routes, one error handler. It knows contexts and namespaces only through the node.
import type { AddressInfo } from 'node:net'
import fastify, { type FastifyInstance } from 'fastify'
import { checkCaller } from './caller.ts'
import { httpFailureOf, ServerError } from './errors.ts'
import { parseJson } from './json.ts'
import { DRAIN_MS, JSON_BODY_BYTES_MAX, KEEP_ALIVE_MS, REQUEST_RECEIVE_MS } from './limits.ts'
import { readQuery } from './query.ts'
import { RawResponse, type Route, type RouteParts } from './route.ts'
import { applicationRoutes } from './routes/applications.ts'
import { contextRoutes } from './routes/contexts.ts'
import { healthRoutes } from './routes/health.ts'
import { identityRoutes } from './routes/identity.ts'
import { jsonrpcRoutes } from './routes/jsonrpc.ts'
import { namespaceRoutes } from './routes/namespaces.ts'
import { schemaController } from './schema-check.ts'

export const ROUTES: readonly Route[] = [
  ...healthRoutes,
  ...applicationRoutes,
  ...contextRoutes,
  ...identityRoutes,
  ...namespaceRoutes,
  ...jsonrpcRoutes,
]

export interface HttpServer {
  /** Throws ServerError: ADDRESS_IN_USE, ADDRESS_UNUSABLE. Port 0 takes a free one. */
  listen(host: string, port: number): Promise<void>
  /** `http://host:port` of each listener. */
  addresses(): string[]
  /** Refuses new requests, waits for running ones. Idempotent. */
  close(): Promise<void>
}

export async function createServer(parts: RouteParts): Promise<HttpServer> {
  const listening: FastifyInstance[] = []
  const stop = new AbortController()
  return {
    async listen(host, port) {
      const app = build(parts, stop.signal)
      try {
        await app.listen({ host, port })
      } catch (cause) {
        await app.close()
        throw listenError(host, port, cause)
      }
      listening.push(app)
    },
    addresses: () => listening.flatMap((app) => app.addresses().map(urlOf)),
    async close() {
      const impatience = setTimeout(() => stop.abort(new ServerError('STOPPING', 'the node is stopping')), DRAIN_MS)
      await Promise.all(listening.map((app) => app.close()))
      clearTimeout(impatience)
    },
  }
}

function build(parts: RouteParts, stop: AbortSignal): FastifyInstance {
  const app = fastify({
    bodyLimit: JSON_BODY_BYTES_MAX,
    requestTimeout: REQUEST_RECEIVE_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    logger: false,
    schemaController,
  })
  // Before anything is read or looked up, and for paths that do not exist, too.
  app.addHook('onRequest', async ({ headers }) => checkCaller(headers))
  app.removeAllContentTypeParsers()
  // Clients send JSON with and without a content type, and nothing, `null` or `{}` where there is nothing to say.
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? null : parseJson(String(body)))
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
    }
  })
  app.setErrorHandler((error, request, reply) => {
    const { status, message } = httpFailureOf(error)
    if (status === 500)
      parts.log.error(
        { url: request.url, error: error instanceof Error ? error.stack : String(error) },
        'request failed',
      )
    reply.code(status).send({ error: message })
  })
  app.setNotFoundHandler((request, reply) => {
    reply.code(404).send({ error: `no route ${request.method} ${request.url.split('?')[0]}` })
  })
  for (const route of ROUTES) register(app, route, parts, stop)
  return app
}

function register(app: FastifyInstance, route: Route, parts: RouteParts, stop: AbortSignal): void {
  app.route({
    method: route.method,
    url: route.url,
    schema: { params: route.params, ...(route.method === 'GET' ? {} : { body: route.body }) },
    handler: async (request, reply) => {
      const gone = new AbortController()
      reply.raw.once('close', () => {
        if (!reply.raw.writableEnded) gone.abort(new ServerError('BAD_REQUEST', 'the client went away'))
      })
      const answer = await route.handle(parts, {
        params: request.params as Record<string, unknown>,
        query: readQuery(route.query, request.query),
        body: request.body ?? null,
        signal: AbortSignal.any([gone.signal, stop]),
      })
      if (answer instanceof RawResponse) {
        return reply.code(answer.status).type('application/json; charset=utf-8').send(answer.text)
      }
      return answer
    },
  })
}

function listenError(host: string, port: number, cause: unknown): ServerError {
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

function urlOf(listening: AddressInfo | string): string {
  if (typeof listening === 'string') return listening
  const host = listening.address.includes(':') ? `[${listening.address}]` : listening.address
  return `http://${host}:${listening.port}`
}
