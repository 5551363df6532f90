// Beyond equal roots and heads: the governance that a context is under, and work that may still change it. Looked at once
// the nodes agree; what a node does not tell is not looked at.
import { ClientError } from '../../client/client-error.ts'
import { isJsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { HANDLERS_PAGE, HANDLERS_PAGES_MAX } from '../limits.ts'
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

/** `timeoutMs`: of each answer. */
type Options = { readonly signal: AbortSignal; readonly timeoutMs: number }

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

async function look(node: NodeHandle, contextId: string, request: Options): Promise<Seen> {
  const at = `/admin-api/contexts/${encodeURIComponent(contextId)}`
  const get = (path: string) => optional(() => node.client.request('GET', path, request))
  try {
    const [groupId, waits] = await Promise.all([get(`${at}/group`), waitsOn(node, contextId, request)])
    const group =
      typeof groupId === 'string' ? await get(`/admin-api/groups/${encodeURIComponent(groupId)}`) : undefined
    const hash = isJsonObject(group) ? group.groupStateHash : undefined
    return { node: node.name, governance: typeof hash === 'string' ? hash : undefined, waits }
  } catch (error) {
    request.signal.throwIfAborted()
    if (!(error instanceof ClientError || error instanceof StepError)) throw error
    return { node: node.name, governance: undefined, waits: [error.message] }
  }
}

/** What is there and may still change the context, a line each; none where the node does not tell. ClientError where it does not answer. */
export async function waitsOn(
  { client }: Pick<NodeHandle, 'client'>,
  contextId: string,
  request: Options,
): Promise<string[]> {
  const at = `/admin-api/contexts/${encodeURIComponent(contextId)}/waiting`
  const get = (path: string) => optional(() => client.request('GET', path, request))
  const waiting = await get(at)
  return isJsonObject(waiting) ? waitsOf(waiting, (page) => get(`${at}/handlers?${page}`)) : []
}

async function waitsOf(counts: Readonly<Record<string, JsonValue | undefined>>, handlers: Page): Promise<string[]> {
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
  if (count('handlers') > 0) found.push(...(await handlersToRun(count('handlers'), handlers)))
  // As with handlers: one that was tried in vain is tried again later and later.
  const calls = count('xcalls') - count('xcallsTried')
  if (calls > 0) {
    found.push(calls === 1 ? '1 call to another context to make' : `${calls} calls to other contexts to make`)
  }
  return found
}

/** `query`: which part of the list. Undefined: the node has no such list. */
type Page = (query: string) => Promise<JsonValue | undefined>

/** One that has failed is tried again later and later: nobody waits for that. Those of `count` that were not seen may be untried. */
async function handlersToRun(count: number, page: Page): Promise<string[]> {
  let untried = 0
  let seen = 0
  for (let pages = 0; pages < HANDLERS_PAGES_MAX; pages += 1) {
    const reply = await page(`limit=${HANDLERS_PAGE}&offset=${seen}`)
    // What a node does not tell is not looked at.
    if (!isJsonObject(reply) || !Array.isArray(reply.handlers)) return []
    const rows = reply.handlers
    untried += rows.filter((row) => isJsonObject(row) && Number(row.attempts) === 0).length
    seen += rows.length
    if (rows.length === 0 || seen >= count) break
  }
  if (untried > 0) return [untried === 1 ? '1 event handler to run' : `${untried} event handlers to run`]
  // Rows that go while the list is read move others to where was looked before.
  return seen < count ? [`only ${seen} of ${count} event handlers could be looked at`] : []
}

export function deltas(count: number): string {
  return count === 1 ? '1 delta' : `${count} deltas`
}
