// The service itself: whether it lives, what it is, what it counted, and its signing secret.
import { NoBody, NoFields } from '../../routing/route.ts'
import { type AuthRoute, protectedRoute, publicRoute } from '../auth-route.ts'

export const serviceRoutes: readonly AuthRoute[] = [
  publicRoute({
    method: 'GET',
    url: '/auth/health',
    summary: 'Whether keys can be read',
    permission: 'public',
    params: NoFields,
    body: NoBody,
    handle: async ({ storeAnswers, nowMs, sinceMs }) => {
      const storage = storeAnswers()
      return {
        status: storage ? 'alive' : 'not_alive',
        storage,
        uptime_seconds: Math.max(0, Math.floor((nowMs() - sinceMs) / 1000)),
      }
    },
  }),
  protectedRoute({
    method: 'GET',
    url: '/admin/identity',
    summary: 'What answers here, and the ways to log in',
    permission: 'token',
    params: NoFields,
    body: NoBody,
    handle: async ({ auth }) => ({
      service: 'calimero-auth',
      version: '1',
      authentication_mode: 'forward',
      providers: auth.providers.map(({ name }) => name),
    }),
  }),
  protectedRoute({
    method: 'GET',
    url: '/admin/metrics',
    summary: 'Logins since the start, and keys that are good',
    permission: 'admin',
    params: NoFields,
    body: NoBody,
    handle: async ({ auth }) => ({
      logins: auth.logins.counts,
      root_keys: auth.keys.roots().filter(({ revokedAtMs }) => revokedAtMs === undefined).length,
      client_keys: auth.keys.clients().filter(({ revokedAtMs }) => revokedAtMs === undefined).length,
    }),
  }),
  protectedRoute({
    method: 'POST',
    url: '/admin/rotate-signing-secret',
    summary: 'Sign with a new secret from now on; tokens of the old one are good until they end',
    permission: 'admin',
    params: NoFields,
    body: NoBody,
    handle: async ({ auth }) => {
      await auth.rotateSigningSecret()
      return { status: true }
    },
  }),
]
