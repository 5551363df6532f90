// Asks a node's public health routes. No connection is kept: a pool would hold sockets of nodes that are long gone.
import { type IncomingMessage, request } from 'node:http'
import { PROBE_REASON_MAX_CHARS, PROBE_TIMEOUT_MS } from '../limits.ts'

/** What stands in the way: the status or the fault, in a few words. */
export type ProbeResult = { readonly done: true } | { readonly seen: string }

/** `health`: it answers. `ready`: it has reached its peers; that it does without them is not enough for a run. */
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
      const isDone = response.statusCode === 200
      void bodyOf(response).then((data) => {
        if (isDone && data?.meshed !== false) resolve({ done: true })
        else resolve({ seen: whyNot(response.statusCode, data) })
      })
    })
    req.end()
  })
}

interface Said {
  readonly status?: unknown
  readonly reason?: unknown
  readonly reasons?: unknown
  readonly meshed?: unknown
}

/** The status, and what the node says about it. */
function whyNot(code: number | undefined, data: Said | undefined): string {
  const reasons = Array.isArray(data?.reasons) ? data.reasons.join('; ') : undefined
  const said = data?.reason ?? reasons ?? data?.status
  return typeof said === 'string' ? `HTTP ${code}: ${said}` : `HTTP ${code}`
}

/** Undefined where it is broken off, or no JSON, or long: the status is what is known. */
async function bodyOf(response: IncomingMessage): Promise<Said | undefined> {
  try {
    let text = ''
    response.setEncoding('utf8')
    for await (const part of response) {
      text += part
      if (text.length > PROBE_REASON_MAX_CHARS) return undefined
    }
    const { data } = JSON.parse(text) as { data?: Said | null }
    return data ?? undefined
  } catch {
    // Broken off, or no JSON: the status is what is known.
    return undefined
  }
}
