// Whether the node lives and is ready: what others ask while it starts, over and over. Answered without the API, whose
// modules and routes take as long to load as the network takes to stand.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { NodeServices } from './ports.ts'
import { answerPlainly } from './routing/plain-answer.ts'
import { RawResponse } from './routing/raw-response.ts'

export type ProbedNode = Pick<NodeServices, 'readiness'> & {
  readonly ports: Pick<NodeServices['ports'], 'store'>
}

const PROBE_KEY = Uint8Array.of(0)

const status = (code: number, text: string, more: object = {}) =>
  new RawResponse(code, JSON.stringify({ data: { status: text, ...more } }))

/** The process answers and its store can be read. */
export function answerHealth(node: ProbedNode): RawResponse {
  return storeAnswers(node) ? status(200, 'alive') : status(503, 'store_unavailable')
}

/** Start-up is over, and what is lacking now all the same. */
export function answerReady(node: ProbedNode): RawResponse {
  if (!storeAnswers(node)) return status(503, 'store_unavailable', { reason: 'the store cannot be read' })
  const { readiness } = node
  if (readiness.ready) {
    const { reasons, isUnmet } = readiness
    return status(200, 'ready', { ...(reasons.length > 0 && { reasons }), ...(isUnmet && { meshed: false }) })
  }
  const { why, reason } = readiness
  return status(503, why, reason === undefined ? {} : { reason })
}

const PROBES: ReadonlyMap<string, (node: ProbedNode) => RawResponse> = new Map([
  ['/admin-api/health', answerHealth],
  ['/admin-api/ready', answerReady],
])

/**
 * Answers a plain probe as its route in the API would. False for anything else: other paths and methods, a query, a
 * body.
 */
export function answerProbe(
  { node, guard }: { readonly node: ProbedNode; readonly guard?: unknown },
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const { method, url = '', headers } = request
  const probe = method === 'GET' ? PROBES.get(url) : undefined
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  if (probe === undefined || hasBody) return false
  answerPlainly({ guard }, request, response, () => probe(node))
  return true
}

export function storeAnswers({ ports }: ProbedNode): boolean {
  try {
    ports.store.get(PROBE_KEY)
    return true
  } catch {
    // Closed or failing: that is the answer.
    return false
  }
}
