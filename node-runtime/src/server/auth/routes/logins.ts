// Login, renewal, and what a proxy in front asks about a token.
import { type Static, Type } from 'typebox'
import { ServerError } from '../../errors.ts'
import { NoBody, NoFields } from '../../routing/route.ts'
import { AuthReply, type AuthRequest, type AuthRoute, type AuthRouteParts, publicRoute } from '../auth-route.ts'
import { callerHeaders } from '../caller-headers.ts'
import { AuthRequestError } from '../failures.ts'

const Text = Type.String({ minLength: 1 })

const LoginBody = Type.Object({
  auth_method: Text,
  public_key: Text,
  client_name: Text,
  timestamp: Type.Integer(),
  provider_data: Type.Object({}),
  permissions: Type.Optional(Type.Any()),
})

const Challenge = Type.Object({
  challenge: Type.String(),
  nonce: Type.String(),
  message: Type.String(),
  expires_at: Type.Integer(),
})

const RefreshBody = Type.Object({ access_token: Text, refresh_token: Text })

export const TokenPairData = Type.Object({
  access_token: Type.String(),
  refresh_token: Type.String(),
  error: Type.Null(),
})

const BEARER = /^Bearer +(\S+) *$/i

const validate = (method: 'GET' | 'POST'): AuthRoute =>
  publicRoute({
    method,
    url: '/auth/validate',
    summary: 'For a proxy: whether the token of a forwarded request is good, and what it may do',
    permission: 'public',
    params: NoFields,
    body: NoBody,
    failures: [401],
    handle: async ({ auth }, { headers }) => {
      const caller = await auth.callers.of(forwardedToken(headers), headers)
      return new AuthReply('', callerHeaders(caller))
    },
  })

export const loginRoutes: readonly AuthRoute[] = [
  publicRoute({
    method: 'POST',
    url: '/auth/token',
    summary: 'Log in; the tokens have the permissions of the key, whatever is asked for',
    permission: 'public',
    params: NoFields,
    body: LoginBody,
    data: TokenPairData,
    failures: [401, 429],
    handle: logIn,
  }),
  publicRoute({
    method: 'POST',
    url: '/auth/refresh',
    summary: 'Renew a pair whose access token has ended or is about to; its refresh token is good once',
    permission: 'public',
    params: NoFields,
    body: RefreshBody,
    data: TokenPairData,
    failures: [401],
    handle: async ({ auth }, { body, headers }) => ({ ...(await auth.sessions.refresh(body, headers)), error: null }),
  }),
  publicRoute({
    method: 'POST',
    url: '/admin-api/refresh-jwt-token',
    summary: 'The same for clients of before, which send the refresh token alone',
    permission: 'public',
    params: NoFields,
    body: Type.Object({ refreshToken: Text }),
    data: Type.Object({ access_token: Type.String(), refresh_token: Type.String() }),
    failures: [401],
    handle: async ({ auth }, { body, headers }) => auth.sessions.refreshAlone(body.refreshToken, headers),
  }),
  publicRoute({
    method: 'POST',
    url: '/auth/logout',
    summary: 'End the login that a refresh token is of: none of its tokens is good any more',
    permission: 'public',
    params: NoFields,
    body: Type.Object({ refresh_token: Text }),
    data: Type.Null(),
    failures: [401],
    handle: async ({ auth }, { body }) => {
      await auth.sessions.end(body.refresh_token)
      return null
    },
  }),
  publicRoute({
    method: 'GET',
    url: '/auth/challenge',
    summary: 'What a wallet signs to log in: `message`; `challenge` goes back with the signature',
    permission: 'public',
    params: NoFields,
    body: NoBody,
    data: Challenge,
    failures: [404],
    handle: async ({ auth }) => {
      if (auth.challenge === undefined) throw new ServerError('NOT_FOUND', 'nobody can log in by signature here')
      return auth.challenge()
    },
  }),
  publicRoute({
    method: 'GET',
    url: '/auth/providers',
    summary: 'The ways to log in',
    permission: 'public',
    params: NoFields,
    body: NoBody,
    handle: async ({ auth }) => {
      const providers = auth.providers.map(({ name, description, settings }) => {
        return { name, type: 'credentials', description, configured: true, config: settings }
      })
      return { providers, count: providers.length }
    },
  }),
  // HEAD comes with it.
  validate('GET'),
  validate('POST'),
]

async function logIn(
  { auth }: AuthRouteParts,
  { body, address }: AuthRequest<unknown, Static<typeof LoginBody>>,
): Promise<object> {
  const pair = await auth.logins.logIn({
    method: body.auth_method,
    publicKey: body.public_key,
    clientName: body.client_name,
    data: { ...body.provider_data },
    address,
  })
  return { ...pair, error: null }
}

/** Of the request itself, or of the one that a proxy asks about. Throws AuthRequestError TOKEN_MISSING. */
function forwardedToken(headers: AuthRequest<unknown, unknown>['headers']): string {
  const uri = headers['x-forwarded-uri']
  const { authorization } = headers
  if (authorization !== undefined) {
    // What is no bearer is no token either, and is refused as one.
    return BEARER.exec(authorization)?.[1] ?? authorization
  }
  const query = typeof uri === 'string' ? uri.split('?')[1] : undefined
  const token = query?.split('&').find((part) => part.startsWith('token='))
  if (token !== undefined) return token.slice('token='.length)
  throw new AuthRequestError('TOKEN_MISSING', 'there is neither an Authorization header nor ?token= in X-Forwarded-Uri')
}
