// The API: Fastify, the routes, one error handler. It knows contexts and namespaces only through the node, and nothing of
// listening and connections.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { BlobError } from '../blobs/errors.ts'
import { BLOB_BYTES_MAX } from '../blobs/limits.ts'
import { tooLarge } from '../blobs/manifest.ts'
import { admitted, askerOf } from './access/admission.ts'
import { checkCaller } from './access/caller.ts'
import { corsHeaders, preflightHeaders } from './access/cors.ts'
import { refuseOtherMember, refuseStrangerAt } from './access/membership.ts'
import type { AuthService } from './auth/auth-port.ts'
import type { AuthRouteParts } from './auth/auth-route.ts'
import { AUTH_ROUTES, authScope } from './auth/auth-scope.ts'
import { hasBody } from './bodies/has-body.ts'
import { holdBody } from './bodies/held-bytes.ts'
import { readBody } from './bodies/reading.ts'
import { limitReceiving, refuseUnreceived } from './bodies/receiving.ts'
import { Downloads } from './connections/downloads.ts'
import { takenAsItComes } from './connections/unfinished.ts'
import { httpFailureOf, ServerError } from './errors.ts'
import { Nesting } from './formats/json/nesting.ts'
import { LEGACY_HEADER, withLegacyKeys } from './formats/legacy-keys.ts'
import { JSON_BODY_BYTES_MAX, MESSAGE_CHARS_MAX, PUBLIC_BODY_BYTES_MAX } from './limits.ts'
import { loginFigures } from './metrics/client-figures.ts'
import { Aliases } from './names/aliases.ts'
import { DefaultGroups } from './names/default-groups.ts'
import { storeAnswers } from './probes.ts'
import { aliasRoutes } from './routes/aliases.ts'
import { applicationRoutes } from './routes/applications/applications.ts'
import { packageRoutes } from './routes/applications/packages.ts'
import { blobRoutes } from './routes/blobs.ts'
import { contextRoutes } from './routes/contexts/contexts.ts'
import { deltaRoutes } from './routes/contexts/deltas.ts'
import { contextMemberRoutes } from './routes/contexts/members.ts'
import { contextRemovalRoutes } from './routes/contexts/removal.ts'
import { contextUpkeepRoutes } from './routes/contexts/upkeep.ts'
import { waitingRoutes } from './routes/contexts/waiting.ts'
import { faultRoutes } from './routes/faults.ts'
import { attestedRoutes } from './routes/groups/attested.ts'
import { groupRoutes } from './routes/groups/groups.ts'
import { invitationRoutes } from './routes/groups/invitations.ts'
import { memberRoutes } from './routes/groups/members.ts'
import { namespaceRoutes } from './routes/groups/namespaces.ts'
import { operationRoutes } from './routes/groups/operations.ts'
import { proofRoutes } from './routes/groups/proofs.ts'
import { groupSettingRoutes } from './routes/groups/settings.ts'
import { upgradeRoutes } from './routes/groups/upgrades.ts'
import { jsonrpcRoutes } from './routes/jsonrpc.ts'
import { legacyContextRoutes } from './routes/legacy/contexts.ts'
import { dashboardRoutes } from './routes/legacy/dashboard.ts'
import { legacyInvitationRoutes } from './routes/legacy/invitations.ts'
import { proposalRoutes } from './routes/legacy/proposals.ts'
import { certificateRoutes } from './routes/node/certificate.ts'
import { healthRoutes } from './routes/node/health.ts'
import { identityRoutes } from './routes/node/identity.ts'
import { metricsRoutes } from './routes/node/metrics.ts'
import { openApiRoute } from './routes/node/openapi.ts'
import { usageRoutes } from './routes/node/usage.ts'
import { sseRoutes } from './routes/streams/sse.ts'
import { websocketRoutes } from './routes/streams/websocket.ts'
import { unsupportedRoutes } from './routes/unsupported.ts'
import { allowedMethods } from './routing/allowed-methods.ts'
import { loggedPath } from './routing/logged-path.ts'
import { readQuery } from './routing/query.ts'
import { RawResponse } from './routing/raw-response.ts'
import {
  isForOtherMembers,
  type Route,
  type RouteDeclaration,
  type RouteParts,
  StreamResponse,
} from './routing/route.ts'
import { schemaController } from './routing/schema-check.ts'
import type { ServerParts } from './server-parts.ts'

export const ROUTES: readonly Route[] = [
  ...healthRoutes,
  ...certificateRoutes,
  ...metricsRoutes,
  ...applicationRoutes,
  ...packageRoutes,
  ...aliasRoutes,
  ...blobRoutes,
  ...contextRoutes,
  ...contextMemberRoutes,
  ...contextUpkeepRoutes,
  ...contextRemovalRoutes,
  ...legacyContextRoutes,
  ...legacyInvitationRoutes,
  ...dashboardRoutes,
  ...proposalRoutes,
  ...deltaRoutes,
  ...waitingRoutes,
  ...identityRoutes,
  ...usageRoutes,
  ...namespaceRoutes,
  ...groupRoutes,
  ...invitationRoutes,
  ...memberRoutes,
  ...groupSettingRoutes,
  ...operationRoutes,
  ...attestedRoutes,
  ...upgradeRoutes,
  ...proofRoutes,
  ...jsonrpcRoutes,
  ...sseRoutes,
  ...faultRoutes,
  ...websocketRoutes,
  ...unsupportedRoutes,
  openApiRoute(() => DECLARATIONS),
]

/** What the documentation is made of: also of what only nodes with embedded authentication have. */
export const DECLARATIONS: readonly RouteDeclaration[] = [...ROUTES, ...AUTH_ROUTES]

export interface Api {
  /** Reads the request from there, and answers. */
  answer(request: IncomingMessage, response: ServerResponse): void
  /** What is asked from now on is answered 503. Running requests go on. */
  refuse(): Promise<void>
}

/** `stop` ends what still runs. */
export async function createApi(
  given: ServerParts & Pick<RouteParts, 'metrics' | 'streams' | 'json' | 'held' | 'sinceMs'>,
  stop: AbortSignal,
): Promise<Api> {
  const { node } = given
  const parts = { ...given, aliases: new Aliases(node.ports.store), defaultGroups: new DefaultGroups(node) }
  const { auth } = given
  if (auth) given.metrics.add(() => loginFigures(auth.logins.counts))
  const app = build(parts, stop)
  await app.ready()
  return {
    answer: (request, response) => app.routing(request, response),
    refuse: async () => {
      await app.close()
    },
  }
}

function build(given: RouteParts, stop: AbortSignal): FastifyInstance {
  const parts = { ...given, streaming: new Downloads() }
  const app = fastify({
    bodyLimit: JSON_BODY_BYTES_MAX,
    logger: false,
    schemaController,
    // Paths that cannot be read never reach a hook.
    frameworkErrors: (error, { headers }, { raw }) => {
      const { status, message } = httpFailureOf((parts.guard ? undefined : refusalOf(headers)) ?? error)
      raw.writeHead(status, { 'content-type': 'application/json; charset=utf-8', connection: 'close' })
      // Some repeat the whole path.
      raw.end(JSON.stringify({ error: message.slice(0, MESSAGE_CHARS_MAX) }))
    },
  })
  const methodsOf = allowedMethods(parts.auth ? DECLARATIONS : ROUTES)
  const answerUnknown = (request: FastifyRequest, reply: FastifyReply) => {
    const path = request.url.split('?')[0] ?? ''
    const allowed = methodsOf(path)
    // With a slash at the end, which no route has.
    if (allowed.length === 0 || allowed.includes(request.method))
      return reply.code(404).send({ error: `no route ${request.method} ${path}${parts.auth ? '' : loginHint(path)}` })
    return reply
      .code(405)
      .header('allow', allowed.join(', '))
      .send({ error: `${path} takes ${allowed.join(', ')}, not ${request.method}` })
  }
  // Before anything is read or looked up, and for paths that do not exist, too.
  app.addHook('onRequest', async (request, reply) => {
    const { headers, method } = request
    // A browser takes an answer for what it says that it is.
    reply.header('x-content-type-options', 'nosniff')
    if (!parts.guard) checkCaller(headers)
    reply.headers(corsHeaders(headers))
    const preflight = preflightHeaders(method, headers)
    if (preflight) return reply.headers(preflight).code(200).send()
    if (!request.is404) return
    // Its body is not read.
    if (hasBody(request.raw)) reply.header('connection', 'close')
    return answerUnknown(request, reply)
  })
  app.addHook('onRequest', refuseUnreceived(stop))
  app.addHook('onResponse', async ({ method, routeOptions }, { statusCode, elapsedTime }) => {
    parts.metrics.request({ method, path: routeOptions.url, status: statusCode, tookMs: elapsedTime })
  })
  app.removeAllContentTypeParsers()
  // Clients send JSON with and without a content type, and nothing, `null` or `{}` where there is nothing to say.
  app.addContentTypeParser('*', async (request: FastifyRequest) => {
    const nesting = new Nesting()
    const body = await readBody(request, (piece) => nesting.add(piece))
    return body.length === 0 ? null : parts.json.read(body, request.routeOptions.config.json, askerOf(request).keyId)
  })
  app.setErrorHandler((error, request, reply) => {
    const { status, message } = httpFailureOf(error)
    // A body that breaks off is the client's end, not a defect.
    if (status === 500 && error !== request.raw.errored)
      parts.log.error(
        { url: loggedPath(request.url), error: error instanceof Error ? error.stack : String(error) },
        'request failed',
      )
    if (error instanceof BlobError && error.code === 'BLOB_TOO_LARGE') {
      parts.log.warn({ url: loggedPath(request.url), ...error.data }, 'Blob exceeds maximum allowed size')
    }
    // As where the guard says it, before the body is read.
    if (error instanceof ServerError && error.code === 'PERMISSION_DENIED') {
      reply.header('x-auth-error', 'permission_denied')
    }
    // What is left of the body is not read.
    if (!request.raw.complete) reply.header('connection', 'close')
    reply.code(status).send({ error: message })
  })
  app.setNotFoundHandler(answerUnknown)
  for (const route of ROUTES) if (!route.streams) register(app, route, parts, stop)
  // A scope of its own: its bodies are not read before the handler does.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _stream, done) => done(null, null))
    for (const route of ROUTES) if (route.streams) register(scope, route, parts, stop)
  })
  if (parts.auth) app.register(authScope(authParts(parts, parts.auth)))
  return app
}

function authParts({ node, log, held, sinceMs }: RouteParts, auth: AuthService): AuthRouteParts {
  const { clock } = node.ports
  const nowMs = () => clock.nowMs()
  return { auth, log, held, nowMs, sinceMs, storeAnswers: () => storeAnswers(node) }
}

function loginHint(path: string): string {
  return /^\/(auth|admin)\//.test(path) ? ': this node asks for no tokens (auth_mode: proxy), so it has no logins' : ''
}

function refusalOf(headers: FastifyRequest['headers']): unknown {
  try {
    checkCaller(headers)
    return undefined
  } catch (error) {
    return error
  }
}

function register(
  app: FastifyInstance,
  route: Route,
  parts: RouteParts & { readonly streaming: Downloads },
  stop: AbortSignal,
): void {
  const { guard } = parts
  // Only the head has been read then: who may not ask costs no more.
  const admit = async (request: FastifyRequest, reply: FastifyReply) => {
    if (guard) await admitted(route, { guard, request, reply })
    if (!isForOtherMembers(route)) refuseOtherMember(parts.node, askerOf(request))
  }
  const max = route.permission === 'public' ? PUBLIC_BODY_BYTES_MAX : JSON_BODY_BYTES_MAX
  const hold = holdBody(parts.held, { max, keyOf: (request) => askerOf(request).keyId })
  app.route({
    method: route.method,
    url: route.url,
    bodyLimit: max,
    ...(route.json && { config: { json: route.json } }),
    onRequest: route.streams ? [admit, limitUpload] : [admit, limitReceiving, hold],
    schema: {
      params: route.params,
      ...(route.method === 'GET' || route.method === 'HEAD' ? {} : { body: route.body }),
    },
    handler: async (request, reply) => {
      const gone = new AbortController()
      let isStream = false
      reply.raw.once('close', () => {
        // A stream may go on behind an answer that has ended: that to a HEAD.
        if (isStream || !reply.raw.writableEnded) gone.abort(new ServerError('BAD_REQUEST', 'the client went away'))
      })
      const asker = askerOf(request)
      const params = request.params as Record<string, unknown>
      const query = readQuery(route.query, request.query)
      const { body = null } = request
      refuseStrangerAt(parts.node, asker, { url: route.url, params, query, body })
      const answer = await route.handle(parts, {
        params,
        query,
        body,
        // Whoever stops reading half-way answers all the same: the connection must last until then.
        stream: request.raw.iterator({ destroyOnReturn: false }),
        headers: request.headers,
        signal: AbortSignal.any([gone.signal, stop]),
        asker,
      })
      if (answer instanceof RawResponse) {
        reply.headers({ ...answer.headers })
        if (answer.headers['content-type'] === undefined) reply.type('application/json; charset=utf-8')
        return reply.code(answer.status).send(answer.text)
      }
      isStream = answer instanceof StreamResponse
      if (answer instanceof StreamResponse) {
        if (answer.bytes && !reply.raw.closed) reply.raw.once('close', parts.streaming.begin(asker.keyId))
        return sendStream(reply, answer)
      }
      return request.headers[LEGACY_HEADER] === '1' ? withLegacyKeys(answer, parts.node.account) : answer
    },
  })
}

function sendStream(reply: FastifyReply, { headers, bytes }: StreamResponse): FastifyReply {
  reply.headers({ ...headers })
  // One chunk ahead, as large as they are; what fails on the way cuts the connection.
  return bytes ? reply.send(Readable.from(bytes, { objectMode: false, highWaterMark: 1 })) : reply.send()
}

/** Refused before anything is read; one that does not say its size is refused while it comes. */
async function limitUpload({ headers, raw }: FastifyRequest): Promise<void> {
  const size = Number(headers['content-length'] ?? 0)
  if (size > BLOB_BYTES_MAX) throw tooLarge(size)
  takenAsItComes(raw)
}
