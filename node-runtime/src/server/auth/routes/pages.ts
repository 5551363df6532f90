// Pages for people whom a program sends here to log in.
import { NoBody, NoFields } from '../../routing/route.ts'
import { type AuthRoute, PageReply, publicRoute } from '../auth-route.ts'
import { CALLBACK_PAGE, ICON, LOGIN_PAGE, LOGIN_SCRIPT } from '../login-page.ts'

const page = (url: string, summary: string, text: string, type = 'text/html; charset=utf-8'): AuthRoute =>
  publicRoute({
    method: 'GET',
    url,
    summary,
    permission: 'public',
    params: NoFields,
    body: NoBody,
    data: type,
    handle: async () => new PageReply(text, type),
  })

export const pageRoutes: readonly AuthRoute[] = [
  page('/auth/login', 'Asks for name and password and sends tokens to `callback-url`', LOGIN_PAGE),
  page('/auth/callback', 'Where a login may end', CALLBACK_PAGE),
  page('/auth/assets/login.js', 'The script of the login page', LOGIN_SCRIPT, 'text/javascript; charset=utf-8'),
  page('/auth/favicon.ico', 'Its picture', ICON, 'image/svg+xml'),
]
