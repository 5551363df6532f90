// Which entries of the states of nodes differ, as the nodes themselves have found out when they met each other.
import { isJsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { pythonStr } from '../../values/python/python-text.ts'
import { shortened } from '../../values/shortened.ts'
import { HISTORY_ENTRIES_MAX, HISTORY_ENTRY_MAX_CHARS } from '../limits.ts'
import { type HistoryNodes, toldOf } from './history-nodes.ts'

type Options = { readonly signal: AbortSignal }

/** In words, each once; none: nobody says. */
export async function differingEntries(
  contextId: string,
  names: readonly string[],
  nodes: HistoryNodes,
  options: Options,
): Promise<string[]> {
  const path = `/admin-api/contexts/${encodeURIComponent(contextId)}/waiting`
  const told = await Promise.all(
    names.map(async (name) =>
      toldOf(await nodes.ask(name, options, (node, request) => node.client.request('GET', path, request))),
    ),
  )
  const said = told.flatMap(entriesIn)
  const all = [...new Map(said.map((entry) => [entry.keyHash, entry.text])).values()]
  const rest = all.length - HISTORY_ENTRIES_MAX
  return rest > 0 ? [...all.slice(0, HISTORY_ENTRIES_MAX), `${rest} more`] : all
}

function entriesIn(waiting: JsonValue | undefined): { readonly keyHash: string; readonly text: string }[] {
  const divergence = isJsonObject(waiting) ? waiting.divergence : undefined
  const entries = isJsonObject(divergence) && Array.isArray(divergence.entries) ? divergence.entries : []
  return entries.filter(isJsonObject).map(({ keyHash, what }) => {
    return { keyHash: pythonStr(keyHash), text: shortened(pythonStr(what), HISTORY_ENTRY_MAX_CHARS) }
  })
}
