// Asks a node's public health routes. No connection is kept: a pool would hold sockets of nodes that are long gone.
import { type IncomingMessage, request } from 'node:http'
import { PROBE_REASON_MAX_CHARS, PROBE_TIMEOUT_MS } from '../limits.ts'

/** What stands in the way: the status or the fault, in a few words. */
export type ProbeResult = { readonly done: true } | { readonly seen: string }

/** `health`: it answers. `ready`: it has reached its peers. */
export function probe(url: string, route: 'health' | 'ready', signal?: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const deadline = AbortSignal.timeout(PROBE_TIMEOUT_MS)
    const req = request(`${url}/admin-api/${route}`, {
      agent: false,
      signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
    })
    req.once('error', (error: NodeJS.ErrnoException) => {
      resolve({ seen: deadline.aborted ? `no answer within ${PROBE_TIMEOUT_MS} ms` : (error.code ?? error.message) })
    })
    req.once('response', (response) => {
      if (response.statusCode === 200) {
        response.resume()
        resolve({ done: true })
      } else void whyNot(response).then((seen) => resolve({ seen }))
    })
    req.end()
  })
}

/** The status, and what the node says about it. */
async function whyNot(response: IncomingMessage): Promise<string> {
  const status = `HTTP ${response.statusCode}`
  try {
    let text = ''
    response.setEncoding('utf8')
    for await (const part of response) {
      text += part
      if (text.length > PROBE_REASON_MAX_CHARS) return status
    }
    const { data } = JSON.parse(text) as { data?: { status?: unknown; reason?: unknown } | null }
    const said = data?.reason ?? data?.status
    return typeof said === 'string' ? `${status}: ${said}` : status
  } catch {
    // Broken off, or no JSON: the status is what is known.
    return status
  }
}
