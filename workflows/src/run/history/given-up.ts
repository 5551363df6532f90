// Events that nodes have not handled and will not: their handlers were given up. An application may mean it so, so it fails no run.
import { isJsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { pythonStr } from '../../values/python/python-text.ts'
import { shortened } from '../../values/shortened.ts'
import { HISTORY_ERROR_MAX_CHARS, HISTORY_GIVEN_UP_MAX } from '../limits.ts'
import type { GivenUp } from './findings.ts'
import { type HistoryNodes, type HistoryRequest, toldOf } from './history-nodes.ts'

/** Of these contexts, on all nodes that tell it. */
export async function givenUpOn(
  contexts: readonly string[],
  nodes: HistoryNodes,
  options: { readonly signal: AbortSignal },
): Promise<GivenUp[]> {
  const found: GivenUp[] = []
  for (const contextId of contexts) {
    const rows = await Promise.all(
      nodes.names.map(async (node) => {
        const question = (handle: Parameters<typeof deadLetters>[0], request: HistoryRequest) =>
          deadLetters(handle, contextId, request)
        return (toldOf(await nodes.ask(node, options, question)) ?? []).map((row) => ({ node, contextId, ...row }))
      }),
    )
    found.push(...rows.flat())
    if (found.length >= HISTORY_GIVEN_UP_MAX) break
  }
  return found.slice(0, HISTORY_GIVEN_UP_MAX)
}

interface Asked {
  readonly client: { request(method: 'GET', path: string, request: HistoryRequest): Promise<JsonValue> }
}

async function deadLetters({ client }: Asked, contextId: string, request: HistoryRequest) {
  const path = `/admin-api/contexts/${encodeURIComponent(contextId)}/dead-letters?limit=${HISTORY_GIVEN_UP_MAX}`
  const reply = await client.request('GET', path, request)
  const rows = isJsonObject(reply) && Array.isArray(reply.deadLetters) ? reply.deadLetters : []
  return rows.filter(isJsonObject).map(({ event, handler, attempts, lastError }) => ({
    event: pythonStr(event),
    handler: pythonStr(handler),
    attempts: Number(attempts),
    ...(typeof lastError === 'string'
      ? { error: shortened(lastError.split('\n', 1)[0] ?? '', HISTORY_ERROR_MAX_CHARS) }
      : {}),
  }))
}
