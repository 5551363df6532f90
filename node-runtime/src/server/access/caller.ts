// Whose requests are served. The API has no passwords: whoever reaches the port may use it, and every page of the web
// reaches the ports of the machine that shows it. What a page cannot forge are these two headers.
import type { IncomingHttpHeaders } from 'node:http'
import { isIPv4, isIPv6 } from 'node:net'
import { ServerError } from '../errors.ts'
import { HEADER_SHOWN_MAX } from '../limits.ts'

const BRACKETED = /^\[([^\]]*)\](?::\d+)?$/
const PLAIN = /^([^:]*)(?::\d+)?$/

/**
 * Throws ServerError FORBIDDEN. Host: a name may be pointed at this machine by whoever owns it, which makes a page of
 * theirs one of ours (DNS rebinding); an address and localhost may not. A request without one is no browser's. Origin:
 * a browser names the page that asks; only those of this machine may.
 */
export function checkCaller({ host, origin }: IncomingHttpHeaders): void {
  if (host !== undefined && !isOwnHost(host)) throw refused('Host', host, 'neither an IP address nor localhost')
  if (origin !== undefined && !isLoopbackOrigin(origin)) throw refused('Origin', origin, 'not a page of this machine')
}

function isOwnHost(host: string): boolean {
  const bracketed = BRACKETED.exec(host)?.[1]
  if (bracketed !== undefined) return isIPv6(bracketed)
  const name = PLAIN.exec(host)?.[1]
  return name !== undefined && (isIPv4(name) || name.toLowerCase() === 'localhost')
}

function isLoopbackOrigin(origin: string): boolean {
  const url = URL.parse(origin)
  if (url === null || !/^https?:$/.test(url.protocol)) return false
  const { hostname } = url
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'))
}

function refused(header: string, value: string, why: string): ServerError {
  const shown = JSON.stringify(value.slice(0, HEADER_SHOWN_MAX))
  return new ServerError(
    'FORBIDDEN',
    `refused: the request's ${header} ${shown} is ${why}. This node serves programs and pages of its own network only; ` +
      'address it as http://127.0.0.1:<port>, and have a proxy in front of it set Host and take Origin away',
  )
}
