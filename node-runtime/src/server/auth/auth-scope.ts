// The routes of /auth and /admin in the API: their envelope, their headers, and who may call them.
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { holdBody } from '../bodies/held-bytes.ts'
import { limitReceiving } from '../bodies/receiving.ts'
import { ServerError } from '../errors.ts'
import { AUTH_BODY_BYTES_MAX, PUBLIC_BODY_BYTES_MAX } from '../limits.ts'
import { loggedPath } from '../routing/logged-path.ts'
import type { AuthCaller } from './auth-port.ts'
import { AuthReply, type AuthRoute, type AuthRouteParts, PageReply } from './auth-route.ts'
import { callerHeaders } from './caller-headers.ts'
import { AuthRequestError, authFailureOf } from './failures.ts'
import { clientRoutes } from './routes/clients.ts'
import { keyRoutes } from './routes/keys.ts'
import { loginRoutes } from './routes/logins.ts'
import { pageRoutes } from './routes/pages.ts'
import { serviceRoutes } from './routes/service.ts'

export const AUTH_ROUTES: readonly AuthRoute[] = [
  ...loginRoutes,
  ...pageRoutes,
  ...keyRoutes,
  ...clientRoutes,
  ...serviceRoutes,
]

const BEARER = /^Bearer +(\S+) *$/i
/** Of every answer here: pages that ask for passwords are shown in no frame and guess no types. */
const SECURITY_HEADERS = {
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'content-security-policy':
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
    "connect-src 'self' http: https:; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
}

export function authScope(parts: AuthRouteParts): FastifyPluginAsync {
  return async (scope) => {
    const callers = new WeakMap<FastifyRequest, AuthCaller>()
    scope.addHook('onRequest', async (_request, reply) => {
      reply.headers(SECURITY_HEADERS)
    })
    scope.setErrorHandler((error, request, reply) => answerFailure(parts, error, { request, reply }))
    for (const route of AUTH_ROUTES) register(scope, route, { parts, callers })
  }
}

interface Registering {
  readonly parts: AuthRouteParts
  readonly callers: WeakMap<FastifyRequest, AuthCaller>
}

function register(scope: FastifyInstance, route: AuthRoute, { parts, callers }: Registering): void {
  const admit = async (request: FastifyRequest, reply: FastifyReply) => {
    if (route.permission === 'public') return
    const caller = await callerOf(parts, request, route.permission)
    callers.set(request, caller)
    reply.headers(callerHeaders(caller))
  }
  const max = route.permission === 'public' ? PUBLIC_BODY_BYTES_MAX : AUTH_BODY_BYTES_MAX
  const hold = holdBody(parts.held, { max, keyOf: (request) => callers.get(request)?.keyId })
  scope.route({
    method: route.method,
    url: route.url,
    bodyLimit: max,
    onRequest: [admit, limitReceiving, hold],
    schema: {
      params: route.params,
      ...(route.method === 'GET' || route.method === 'HEAD' ? {} : { body: route.body }),
    },
    handler: async (request, reply) => {
      const { headers, params, body = null, ip } = request
      const asked = { headers, params: params as Record<string, unknown>, body, address: ip }
      const answer = await route.handle(parts, asked, callers.get(request))
      if (answer instanceof PageReply) return reply.type(answer.type).send(answer.text)
      if (answer instanceof AuthReply) return reply.headers(answer.headers).send({ data: answer.data, error: null })
      return { data: answer, error: null }
    },
  })
}

async function callerOf({ auth }: AuthRouteParts, request: FastifyRequest, permission: string): Promise<AuthCaller> {
  const token = BEARER.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) {
    throw new AuthRequestError(
      'HEADER_INVALID',
      'this needs a header of the form: Authorization: Bearer <access token>',
    )
  }
  const caller = await auth.callers.of(token, request.headers)
  if (permission === 'token' || auth.permits(caller.permissions, permission)) return caller
  throw new AuthRequestError('PERMISSION_DENIED', `this needs the permission ${permission}`)
}

function answerFailure(
  parts: AuthRouteParts,
  error: unknown,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): FastifyReply {
  const isField = error instanceof ServerError && 'validationContext' in error
  const { status, message, headers } = authFailureOf(error)
  if (status === 500 && error !== request.raw.errored) {
    parts.log.error(
      { url: loggedPath(request.url), error: error instanceof Error ? error.stack : String(error) },
      'request failed',
    )
  }
  // What is left of the body is not read.
  if (!request.raw.complete) reply.header('connection', 'close')
  reply.headers(headers)
  if (isField) return reply.code(422).send({ error: message, status: 422 })
  if (error instanceof ServerError) return reply.code(status).send({ error: message, status })
  return reply.code(status).send({ data: null, error: message })
}
