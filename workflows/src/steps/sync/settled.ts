// Beyond equal roots and heads: the governance that a context is under, and work that may still change it. Looked at once
// the nodes agree; what a node does not tell is not looked at.
import { ClientError } from '../../client/client-error.ts'
import { isJsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { SYNC_REQUEST_TIMEOUT_MS } from '../limits.ts'
import { StepError } from '../step-error.ts'
import type { NodeHandle } from '../step-kind.ts'
import { optional } from './delta-place.ts'

/** One line a node: what stands in the way. */
export interface Unsettled {
  readonly node: string
  readonly what: string
}

interface Seen {
  readonly node: string
  readonly governance: string | undefined
  readonly waits: readonly string[]
}

type Options = { signal: AbortSignal }

export async function findUnsettled(
  nodes: readonly NodeHandle[],
  contextId: string,
  options: Options,
): Promise<Unsettled[]> {
  const seen = await Promise.all(nodes.map((node) => look(node, contextId, options)))
  const hashes = new Set(seen.map(({ governance }) => governance))
  const isTold = !hashes.has(undefined)
  return seen.flatMap(({ node, governance, waits }) => {
    const differs = isTold && hashes.size > 1 ? [`its governance is ${governance?.slice(0, 8)}, not that of all`] : []
    return [...differs, ...waits].map((what) => ({ node, what }))
  })
}

async function look(node: NodeHandle, contextId: string, options: Options): Promise<Seen> {
  const request = { ...options, timeoutMs: SYNC_REQUEST_TIMEOUT_MS }
  const at = `/admin-api/contexts/${encodeURIComponent(contextId)}`
  const get = (path: string) => optional(() => node.client.request('GET', path, request))
  try {
    const [groupId, waiting] = await Promise.all([get(`${at}/group`), get(`${at}/waiting`)])
    const group =
      typeof groupId === 'string' ? await get(`/admin-api/groups/${encodeURIComponent(groupId)}`) : undefined
    const hash = isJsonObject(group) ? group.groupStateHash : undefined
    const waits = isJsonObject(waiting) ? await waitsOf(waiting, () => get(`${at}/waiting/handlers`)) : []
    return { node: node.name, governance: typeof hash === 'string' ? hash : undefined, waits }
  } catch (error) {
    options.signal.throwIfAborted()
    if (!(error instanceof ClientError || error instanceof StepError)) throw error
    return { node: node.name, governance: undefined, waits: [error.message] }
  }
}

async function waitsOf(
  counts: Readonly<Record<string, JsonValue | undefined>>,
  handlers: () => Promise<JsonValue | undefined>,
): Promise<string[]> {
  const found: string[] = []
  const count = (name: string) => Number(counts[name] ?? 0)
  if (count('pending') > 0) found.push(`${deltas(count('pending'))} waiting for parents`)
  if (count('parked') > 0) found.push(`${deltas(count('parked'))} parked`)
  if (counts.damaged === true) found.push('its state is damaged and comes from a member')
  else if (counts.revising === true) found.push('its history is judged again after a removal')
  if (counts.rewriting === true) {
    const why = typeof counts.rewritingError === 'string' ? `: ${counts.rewritingError}` : ''
    found.push(`deltas of its own are to be written again${why}`)
  }
  const untried = count('handlers') === 0 ? 0 : countUntried(await handlers())
  if (untried > 0) found.push(untried === 1 ? '1 event handler to run' : `${untried} event handlers to run`)
  return found
}

/** One that has failed is tried again later and later: nobody waits for that. */
function countUntried(reply: JsonValue | undefined): number {
  const rows = isJsonObject(reply) && Array.isArray(reply.handlers) ? reply.handlers : []
  return rows.filter((row) => isJsonObject(row) && Number(row.attempts) === 0).length
}

export function deltas(count: number): string {
  return count === 1 ? '1 delta' : `${count} deltas`
}
