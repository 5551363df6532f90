// Waits until a merod has as many peers as siblings that it was told of, which is all it says of them.
import { request } from 'node:http'
import type { NodeLog, RunningNode, StartOptions } from '../driver.ts'
import { PEERS_REPLY_MAX_BYTES, PROBE_TIMEOUT_MS } from '../limits.ts'
import { awaitAnswer } from '../process/await-answer.ts'
import type { ProbeResult } from '../process/readiness.ts'

/** MESH_TIMEOUT, NODE_EXITED, or `signal.reason`. */
export async function awaitSiblings(node: RunningNode, log: NodeLog, options: StartOptions): Promise<void> {
  const ids = node.spec.bootstrap.flatMap((address) => /\/p2p\/([^/]+)/.exec(address)?.[1] ?? [])
  const wanted = new Set(ids).size
  if (wanted === 0) return
  const ask = async (url: string, signal: AbortSignal) => judge(await peersOf(url, signal), wanted)
  await awaitAnswer(node, log, { code: 'MESH_TIMEOUT', state: 'meshed', route: 'peers', ask }, options)
}

/** A node that asks for a token is not without peers: how many it has cannot be seen, and is not waited for. */
function judge(answer: Answer, wanted: number): ProbeResult {
  if ('seen' in answer) return answer
  if (answer.status === 401 || answer.status === 403) return { done: true }
  if (answer.status !== 200) return { seen: `HTTP ${answer.status}` }
  const count = countIn(answer.body)
  if (count === undefined) return { seen: 'an answer without a count' }
  return count >= wanted ? { done: true } : { seen: `${count} of ${wanted} peers` }
}

function countIn(body: string): number | undefined {
  try {
    const value: unknown = JSON.parse(body)
    const within = fieldOf(value, 'data') ?? value
    const count = fieldOf(within, 'count')
    return typeof count === 'number' ? count : undefined
  } catch {
    // Cut off, or no JSON.
    return undefined
  }
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

type Answer = { readonly status: number; readonly body: string } | { readonly seen: string }

/** No connection is kept, as with the other probes. */
function peersOf(url: string, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve) => {
    const deadline = AbortSignal.timeout(PROBE_TIMEOUT_MS)
    const ask = request(`${url}/admin-api/peers`, { agent: false, signal: AbortSignal.any([deadline, signal]) })
    const failed = (error: NodeJS.ErrnoException) =>
      resolve({ seen: deadline.aborted ? `no answer within ${PROBE_TIMEOUT_MS} ms` : (error.code ?? error.message) })
    ask.once('error', failed)
    ask.once('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.once('error', failed)
      response.on('data', (part: string) => {
        body += part
        if (body.length > PEERS_REPLY_MAX_BYTES) response.destroy(new Error('an answer that is too long'))
      })
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    ask.end()
  })
}
