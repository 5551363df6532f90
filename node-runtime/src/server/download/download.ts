// Fetches what a client has named by its URL, from the public internet only. Every hop is looked at: its name is resolved
// once, each address is judged, and the connection is made to an address that was judged, not to the name again.
import { type IncomingMessage, request as plain, type RequestOptions } from 'node:http'
import { request as secure } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { Bytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { lookUp } from '../../network/look-up.ts'
import { ServerError } from '../errors.ts'
import { DOWNLOAD_BYTES_MAX, DOWNLOAD_CONNECT_MS, DOWNLOAD_MS, REDIRECTS_MAX } from '../limits.ts'
import { isPublicAddress } from './public-address.ts'

/** What differs in tests. */
export interface DownloadRules {
  readonly resolve: (name: string, signal: AbortSignal) => Promise<readonly string[]>
  readonly mayConnect: (address: string) => boolean
}

export const PUBLIC_ONLY: DownloadRules = {
  resolve: async (name, signal) => (await lookUp(name, { signal })).map(({ address }) => address),
  mayConnect: isPublicAddress,
}

export interface DownloadParts {
  readonly clock: Clock
  readonly rules?: DownloadRules | undefined
}

const REDIRECTS = new Set([301, 302, 303, 307, 308])

/**
 * The body, as it comes. Throws ServerError: BAD_REQUEST for what may not be fetched, DOWNLOAD_FAILED for what could not
 * be; both also on the way.
 */
export async function* download(
  url: string,
  { clock, rules = PUBLIC_ONLY }: DownloadParts,
  options: { signal: AbortSignal },
): AsyncGenerator<Bytes> {
  const late = new AbortController()
  const tooLate = (what: string) => () => late.abort(failed(url, what))
  const cancels = [clock.setTimer(tooLate(`it took longer than ${DOWNLOAD_MS} ms`), DOWNLOAD_MS)]
  const signal = AbortSignal.any([options.signal, late.signal])
  try {
    const cancelConnect = clock.setTimer(tooLate(`no answer within ${DOWNLOAD_CONNECT_MS} ms`), DOWNLOAD_CONNECT_MS)
    cancels.push(cancelConnect)
    const response = await follow(parse(url), rules, signal)
    cancelConnect()
    yield* bounded(response, url)
  } catch (cause) {
    signal.throwIfAborted()
    if (cause instanceof ServerError) throw cause
    throw failed(url, cause instanceof Error ? cause.message : String(cause), cause)
  } finally {
    for (const cancel of cancels) cancel()
  }
}

async function follow(start: URL, rules: DownloadRules, signal: AbortSignal): Promise<IncomingMessage> {
  let at = start
  for (let hops = 0; hops <= REDIRECTS_MAX; hops += 1) {
    const response = await get(at, await addressOf(at, rules, signal), signal)
    const { statusCode = 0, headers } = response
    if (statusCode === 200) return response
    response.destroy()
    if (!REDIRECTS.has(statusCode) || headers.location === undefined) throw failed(at.href, `HTTP ${statusCode}`)
    at = parse(headers.location, at)
  }
  throw failed(start.href, `more than ${REDIRECTS_MAX} redirects`)
}

/** Throws BAD_REQUEST. */
function parse(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href)
  if (url === null) throw refused(text, 'it is no URL')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused(text, 'only http and https are fetched')
  if (url.username !== '' || url.password !== '') throw refused(text, 'it names a user')
  return url
}

/** One that may be connected to. One name with one address that may not is refused: which is used must not be chance. */
async function addressOf(url: URL, { resolve, mayConnect }: DownloadRules, signal: AbortSignal): Promise<string> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const addresses = isIP(host) ? [host] : await resolve(host, signal)
  const [first] = addresses
  if (first === undefined) throw failed(url.href, `${host} has no address`)
  if (addresses.every(mayConnect)) return first
  throw refused(url.href, `${host} is an address of this machine or of a private network`)
}

function get(url: URL, address: string, signal: AbortSignal): Promise<IncomingMessage> {
  const options: RequestOptions = {
    signal,
    // A connection of its own: none that was made for another judgement.
    agent: false,
    lookup: pinned(address),
    headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'calnode' },
  }
  return new Promise((resolve, reject) => {
    const sent = (url.protocol === 'https:' ? secure : plain)(url, options, resolve)
    sent.on('error', reject)
    sent.end()
  })
}

/** Whatever name is asked for, this is its address. */
function pinned(address: string): LookupFunction {
  const family = isIP(address)
  return (_name, { all }, done) => {
    if (all) done(null, [{ address, family }])
    else done(null, address, family)
  }
}

async function* bounded(response: IncomingMessage, url: string): AsyncGenerator<Bytes> {
  const tooMany = () => refused(url, `it has more than ${DOWNLOAD_BYTES_MAX} bytes`)
  try {
    if (Number(response.headers['content-length'] ?? 0) > DOWNLOAD_BYTES_MAX) throw tooMany()
    let size = 0
    for await (const chunk of response) {
      size += chunk.byteLength
      if (size > DOWNLOAD_BYTES_MAX) throw tooMany()
      yield chunk
    }
  } finally {
    response.destroy()
  }
}

function refused(url: string, why: string): ServerError {
  return new ServerError('BAD_REQUEST', `cannot fetch ${shown(url)}: ${why}`)
}

function failed(url: string, why: string, cause?: unknown): ServerError {
  return new ServerError('DOWNLOAD_FAILED', `cannot fetch ${shown(url)}: ${why}`, { cause })
}

/** Without what may be a secret: user and query. */
function shown(url: string): string {
  const parsed = URL.parse(url)
  return JSON.stringify((parsed ? `${parsed.protocol}//${parsed.host}${parsed.pathname}` : url).slice(0, 200))
}
