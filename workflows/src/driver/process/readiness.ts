// Asks a node's public health routes. No connection is kept: a pool would hold sockets of nodes that are long gone.
import { request } from 'node:http'
import { PROBE_TIMEOUT_MS } from '../limits.ts'

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
      response.resume()
      resolve(response.statusCode === 200 ? { done: true } : { seen: `HTTP ${response.statusCode}` })
    })
    req.end()
  })
}
