// Events that nodes have not handled and will not: their handlers were given up. An application may mean it so, so it fails no run.
import { isJsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { pythonStr } from '../../values/python/python-text.ts'
import { shortened } from '../../values/shortened.ts'
import { HISTORY_ERROR_MAX_CHARS, HISTORY_GIVEN_UP_MAX } from '../limits.ts'
import { WHY_NOT } from './agreement.ts'
import type { GivenUp, HistoryFindings, NotCompared } from './findings.ts'
import type { HistoryNodes, HistoryRequest, Silence } from './history-nodes.ts'
import { standingOf } from './standing.ts'

type Options = { readonly signal: AbortSignal }
type GivenUpFindings = Pick<HistoryFindings, 'givenUp' | 'givenUpMore' | 'givenUpUntold'>

const WHY_UNTOLD: Readonly<Record<Silence, string | undefined>> = { ...WHY_NOT, mute: 'it does not tell which' }

/** Of these contexts, on all nodes: of each context and node some, before there are more of any. */
export async function givenUpOn(
  contexts: readonly string[],
  nodes: HistoryNodes,
  options: Options,
): Promise<GivenUpFindings> {
  const lists: GivenUp[][] = []
  const untold = new Map<string, NotCompared>()
  for (const contextId of contexts) {
    const answers = await Promise.all(
      nodes.names.map(async (node) => ({ node, answer: await ask(node, contextId, nodes, options) })),
    )
    for (const { node, answer } of answers) {
      if ('told' in answer) {
        lists.push(answer.told.map((row) => ({ node, contextId, ...row })))
        continue
      }
      const why = WHY_UNTOLD[answer.silence]
      if (why !== undefined) untold.set(`${node} ${why}`, { node, why })
    }
  }
  const told = new Set(inTurns(lists).slice(0, HISTORY_GIVEN_UP_MAX))
  const more = lists.flatMap((rows) => rows.find((row) => !told.has(row)) ?? [])
  return {
    givenUp: lists.flat().filter((row) => told.has(row)),
    givenUpMore: more.map(({ node, contextId }) => ({ node, contextId })),
    givenUpUntold: [...untold.values()],
  }
}

async function ask(node: string, contextId: string, nodes: HistoryNodes, options: Options) {
  const answer = await nodes.ask(node, options, (handle: Asked, request) => deadLetters(handle, contextId, request))
  if (!('silence' in answer) || answer.silence !== 'absent') return answer
  // It answers so, too, where it has the context and no such question (a merod).
  const standing = await nodes.ask(node, options, (handle, request) => standingOf(handle, contextId, request))
  return 'told' in standing ? { silence: 'mute' as const } : standing
}

/** The first of each, then the second of each. */
function inTurns<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length))
  return Array.from({ length: longest }, (_, at) => lists.flatMap((list) => list.slice(at, at + 1))).flat()
}

interface Asked {
  readonly client: { request(method: 'GET', path: string, request: HistoryRequest): Promise<JsonValue> }
}

async function deadLetters({ client }: Asked, contextId: string, request: HistoryRequest) {
  // One more than are told: whether there are others.
  const path = `/admin-api/contexts/${encodeURIComponent(contextId)}/dead-letters?limit=${HISTORY_GIVEN_UP_MAX + 1}`
  const reply = await client.request('GET', path, request)
  if (!isJsonObject(reply) || !Array.isArray(reply.deadLetters)) return undefined
  return reply.deadLetters.filter(isJsonObject).map(({ event, handler, attempts, lastError }) => ({
    event: pythonStr(event),
    handler: pythonStr(handler),
    attempts: Number(attempts),
    ...(typeof lastError === 'string'
      ? { error: shortened(lastError.split('\n', 1)[0] ?? '', HISTORY_ERROR_MAX_CHARS) }
      : {}),
  }))
}
