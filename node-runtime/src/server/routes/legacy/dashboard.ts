// Where older clients send people to log in: they name an application and where to come back to, and expect the tokens in
// the query of that address: only where the node is told that it may do so. The dashboard itself is not here.
import { Type } from 'typebox'
import { ServerError } from '../../errors.ts'
import { RawResponse } from '../../routing/raw-response.ts'
import { NoBody, type Route, route } from '../../routing/route.ts'

const HTML = 'text/html; charset=utf-8'

export const DASHBOARD_URLS = ['/admin-dashboard', '/admin-dashboard/:page', '/admin-dashboard/:folder/:file']

export const dashboardRoutes: readonly Route[] = DASHBOARD_URLS.map((url) => {
  const names = [...url.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
  return route({
    method: 'GET',
    url,
    summary: 'Sends on to the login page, with callback_url; the dashboard itself is not here',
    permission: 'public',
    params: Type.Object(Object.fromEntries(names.map((name) => [name, Type.String()]))),
    query: Type.Object({ callback_url: Type.Optional(Type.String()), application_id: Type.Optional(Type.String()) }),
    body: NoBody,
    response: HTML,
    failures: [501],
    handle: async ({ auth }, { query }) => {
      if (auth === undefined || query.callback_url === undefined) {
        throw new ServerError('NOT_IMPLEMENTED', 'this node does not have the admin dashboard')
      }
      if (!auth.answersInQuery) {
        const how = 'answer_in_query = true in [server.embedded_auth] of config.toml allows it'
        throw new ServerError('NOT_IMPLEMENTED', `tokens in the query of an address, where they are logged: ${how}`)
      }
      // Encoded it holds nothing that means anything in markup but the ampersand.
      const asked = new URLSearchParams({ 'callback-url': query.callback_url, answer: 'query' })
      const login = `/auth/login?${asked}`.replaceAll('&', '&amp;')
      const page = `<!doctype html><meta http-equiv="refresh" content="0;url=${login}"><a href="${login}">Log in</a>\n`
      return new RawResponse(200, page, { 'content-type': HTML, 'cache-control': 'no-store' })
    },
  })
})
