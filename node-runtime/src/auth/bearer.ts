// Where the token of a request stands. Pure.
import type { IncomingHttpHeaders } from 'node:http'

const BEARER = /^Bearer +(\S+) *$/i

/**
 * An Authorization header alone counts, where there is one, even a bad one; else `?token=` as it stands there: a
 * WebSocket and an EventSource of a browser cannot send headers. Undefined: there is none that could be one.
 */
export function tokenOf(headers: IncomingHttpHeaders, url: string): string | undefined {
  const { authorization } = headers
  return authorization === undefined ? tokenInQuery(url) : BEARER.exec(authorization)?.[1]
}

function tokenInQuery(url: string): string | undefined {
  const query = url.slice(url.indexOf('?') + 1)
  if (query.length === url.length) return undefined
  const found = query.split('&').find((part) => part.startsWith('token='))
  return found?.slice('token='.length) || undefined
}
