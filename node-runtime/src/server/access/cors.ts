// What pages of browsers may ask from elsewhere. Where tokens are needed any page may ask: it has none of its own, and
// none is sent along by itself. Where none are needed only pages of this machine may (`caller.ts`).
import type { IncomingHttpHeaders } from 'node:http'

const METHODS = 'GET, POST, PUT, DELETE, OPTIONS'
const EXPOSED = [
  'x-auth-error',
  'x-auth-user',
  'x-auth-permissions',
  'x-calbox-delta',
  'x-blob-id',
  'x-blob-hash',
  'x-blob-mime-type',
  'x-sse-session-id',
  'x-sse-reconnect',
]
const PREFLIGHT_SEC = 3_600

/** Of an answer to a page; none where no page asks. Credentials of the browser are never allowed. */
export function corsHeaders({ origin }: IncomingHttpHeaders): Record<string, string> {
  if (origin === undefined) return {}
  return { 'access-control-allow-origin': '*', 'access-control-expose-headers': EXPOSED.join(', ') }
}

/** Of the answer to the question whether a page may ask; undefined for any other request. */
export function preflightHeaders(
  method: string | undefined,
  headers: IncomingHttpHeaders,
): Record<string, string> | undefined {
  if (method !== 'OPTIONS' || headers.origin === undefined) return undefined
  const asked = headers['access-control-request-headers']
  return {
    ...corsHeaders(headers),
    'access-control-allow-methods': METHODS,
    // `*` would not cover Authorization.
    'access-control-allow-headers': asked === undefined || asked === '' ? '*' : asked,
    'access-control-allow-private-network': 'true',
    'access-control-max-age': String(PREFLIGHT_SEC),
    vary: 'access-control-request-headers',
  }
}
