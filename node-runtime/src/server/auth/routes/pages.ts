// Pages for people whom a program sends here to log in.
import { NoBody, NoFields } from '../../routing/route.ts'
import type { AuthService } from '../auth-port.ts'
import { type AuthRoute, PageReply, publicRoute } from '../auth-route.ts'
import { CALLBACK_PAGE, ICON, LOGIN_PAGE, loginScript } from '../login-page.ts'

const page = (
  url: string,
  summary: string,
  text: string | ((auth: AuthService) => string),
  type = 'text/html; charset=utf-8',
): AuthRoute =>
  publicRoute({
    method: 'GET',
    url,
    summary,
    permission: 'public',
    params: NoFields,
    body: NoBody,
    data: type,
    handle: async ({ auth }) => new PageReply(typeof text === 'string' ? text : text(auth), type),
  })

export const pageRoutes: readonly AuthRoute[] = [
  page('/auth/login', 'Asks for name and password and sends tokens to `callback-url`', LOGIN_PAGE),
  page('/auth/callback', 'Where a login may end', CALLBACK_PAGE),
  page(
    '/auth/assets/login.js',
    'The script of the login page',
    ({ answersInQuery }) => loginScript(answersInQuery),
    'text/javascript; charset=utf-8',
  ),
  page('/auth/favicon.ico', 'Its picture', ICON, 'image/svg+xml'),
]
