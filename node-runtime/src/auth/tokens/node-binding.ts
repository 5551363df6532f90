// Tokens that are good on one host only: those of clients that named the node's address when they logged in. Pure.
import type { IncomingHttpHeaders } from 'node:http'

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])
/** The name of the authentication service within its own network: any token is good there. */
const EXEMPT = 'auth'

/** The address that tokens are bound to; undefined where the client's name is no address. */
export function boundTo(clientName: string | undefined): string | undefined {
  return clientName !== undefined && hostOf(clientName) !== undefined ? clientName : undefined
}

/** `configured`: the host that clients know this node by, where a proxy in front does not say it. */
export function isBoundHere(
  nodeUrl: string | undefined,
  headers: IncomingHttpHeaders,
  configured: string | undefined,
): boolean {
  const wanted = nodeUrl === undefined ? undefined : hostOf(nodeUrl)
  if (wanted === undefined) return true
  const here = configured ?? singleOf(headers['x-forwarded-host']) ?? headers.host
  const seen = here === undefined ? undefined : hostOf(`http://${here}`)
  return seen !== undefined && (seen === wanted || seen.replace(/:\d+$/, '') === EXEMPT)
}

/** With its port, where that is not the usual one. All names of this machine for itself are one. */
function hostOf(address: string): string | undefined {
  const url = URL.parse(address)
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === '') return undefined
  const name = LOOPBACK.has(url.hostname) ? 'localhost' : url.hostname
  return url.port === '' ? name : `${name}:${url.port}`
}

function singleOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header?.split(',')[0]?.trim()
}
