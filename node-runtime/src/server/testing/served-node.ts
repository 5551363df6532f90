// A node behind a real socket, and requests as clients write them.
import { silentLogger } from '../../base/log.ts'
import type { Node } from '../../node.ts'
import { createServer } from '../server.ts'
import type { ServerParts } from '../server-parts.ts'

export interface Answer {
  readonly status: number
  readonly type: string | null
  readonly text: string
  /** The text as JSON; undefined when there is none. */
  readonly body: unknown
}

export interface Asking {
  /** Sent as JSON, unless `text` is given. */
  readonly body?: unknown
  readonly text?: string
  /** Content type; null sends none. */
  readonly type?: string | null
  readonly signal?: AbortSignal
}

export interface ServedNode {
  readonly url: string
  readonly get: (path: string) => Promise<Answer>
  readonly post: (path: string, asking?: Asking) => Promise<Answer>
  readonly ask: (method: string, path: string, asking?: Asking) => Promise<Answer>
  /** Of the server only: the node is its world's. */
  readonly close: () => Promise<void>
}

export const BASE58 = /^[1-9A-HJ-NP-Za-km-z]{32,44}$/
export const HEX32 = /^[0-9a-f]{64}$/

export async function serve(node: Node, parts: Partial<Omit<ServerParts, 'node'>> = {}): Promise<ServedNode> {
  const server = createServer({ node, log: silentLogger, ...parts })
  await server.listen('127.0.0.1', 0)
  const [url] = server.addresses()
  if (url === undefined) throw new Error('the server listens nowhere')
  const ask = (method: string, path: string, asking: Asking = {}) => request(method, `${url}${path}`, asking)
  return {
    url,
    ask,
    get: (path) => ask('GET', path),
    post: (path, asking = {}) => ask('POST', path, asking),
    close: () => server.close(),
  }
}

async function request(method: string, url: string, { body, text, type, signal }: Asking): Promise<Answer> {
  const content = text ?? (body === undefined ? undefined : JSON.stringify(body))
  const headers: Record<string, string> = type === null ? {} : { 'content-type': type ?? 'application/json' }
  const response = await fetch(url, {
    method,
    headers: content === undefined && type === undefined ? {} : headers,
    // As bytes: a text would get a content type of its own.
    ...(content === undefined ? {} : { body: new TextEncoder().encode(content) }),
    ...(signal === undefined ? {} : { signal }),
  })
  const received = await response.text()
  const contentType = response.headers.get('content-type')
  return {
    status: response.status,
    type: contentType,
    text: received,
    body: received !== '' && contentType?.startsWith('application/json') ? JSON.parse(received) : undefined,
  }
}

/** One refusal: where it is asked, with what, and what comes back. */
export interface Refusal {
  readonly why: string
  readonly method?: 'GET' | 'POST'
  readonly path: string
  readonly asking?: Asking
  readonly status: number
  /** In `error`. */
  readonly says: string | RegExp
}

/** What was answered and what should have been, to be compared whole: a difference names its row. */
export async function refusalsOf(node: ServedNode, rows: readonly Refusal[]): Promise<[string[], string[]]> {
  const seen: string[] = []
  const wanted: string[] = []
  for (const { why, method = 'GET', path, asking, status, says } of rows) {
    const answer = await node.ask(method, path, asking)
    const { body, type } = answer
    const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined
    const fits = typeof error === 'string' && (typeof says === 'string' ? error.includes(says) : says.test(error))
    const json = type?.startsWith('application/json') === true && Object.keys(body ?? {}).join() === 'error'
    seen.push(`${why}: ${answer.status} ${json ? 'JSON' : type} ${fits ? String(says) : answer.text}`)
    wanted.push(`${why}: ${status} JSON ${String(says)}`)
  }
  return [seen, wanted]
}
