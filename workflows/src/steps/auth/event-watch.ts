// A socket that gets the events of a group, of a context, or of all contexts of a group, as a step asks for them.
import type { NodeSocket } from '../../client/node-socket.ts'
import { unwrapData } from '../../values/capture-outputs.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { exactJson, tryParseLosslessJson } from '../../values/json/lossless-json.ts'
import { refuseError, shortId } from '../reply.ts'
import { StepError } from '../step-error.ts'
import type { HeadStart, NodeHandle, StepContext, StepOptions } from '../step-kind.ts'
import { isContextEvent } from './event-types.ts'
import { tokenOf } from './ws-connect.ts'

const SUBSCRIBE_ID = 1

export interface Wanted {
  readonly groupId: string | undefined
  readonly contextId: string | undefined
  readonly event: string
  readonly timeoutMs: number
}

interface Topics {
  readonly groupIds: readonly string[]
  readonly contextIds: readonly string[]
}

export class EventWatch implements HeadStart {
  readonly socket: NodeSocket
  /** What the node has said that it tells. */
  readonly heard: Topics
  readonly #asked: string

  private constructor(socket: NodeSocket, heard: Topics, asked: string) {
    this.socket = socket
    this.heard = heard
    this.#asked = asked
  }

  /** `headStart` where it is still open, and for what the step asks now that its variables are set. */
  static async open(
    node: NodeHandle,
    wanted: Wanted,
    context: StepContext,
    options: StepOptions & { readonly headStart?: HeadStart | undefined },
  ): Promise<EventWatch> {
    const { signal, headStart } = options
    const topics = await topicsOf(node, wanted, { signal })
    const token = tokenOf(node, context)
    const asked = JSON.stringify([node.url, topics, token ?? null])
    if (headStart instanceof EventWatch && !headStart.socket.ended && headStart.#asked === asked) return headStart
    const socket = await node.client.socket({
      signal,
      timeoutMs: wanted.timeoutMs,
      // That of the session may be renewed where it is too old.
      ...(context.step.token === undefined && node.session.accessToken !== undefined ? {} : { token: token ?? null }),
    })
    try {
      return new EventWatch(socket, await subscribe(socket, topics, wanted, { signal }), asked)
    } catch (error) {
      socket.close()
      throw error
    }
  }

  /** For people: `group 1f… and context 8K…`. */
  get listenedTo(): string {
    const { groupIds, contextIds } = this.heard
    return [...groupIds.map((id) => `group ${shortId(id)}`), ...contextIds.map((id) => `context ${shortId(id)}`)].join(
      ', ',
    )
  }

  close(): void {
    this.socket.close()
  }
}

/** What happens in the contexts of a group does not come to who watches the group. */
async function topicsOf(node: NodeHandle, wanted: Wanted, options: StepOptions): Promise<Topics> {
  const { groupId, contextId, event } = wanted
  if (groupId === undefined) return { groupIds: [], contextIds: contextId === undefined ? [] : [contextId] }
  if (contextId !== undefined) return { groupIds: [groupId], contextIds: [contextId] }
  if (!isContextEvent(event)) return { groupIds: [groupId], contextIds: [] }
  const reply = await node.client.request('GET', `/admin-api/groups/${encodeURIComponent(groupId)}/contexts`, options)
  const rows = unwrapData(refuseError(node.name, 'listing the contexts of the group', reply))
  const contextIds = (Array.isArray(rows) ? rows : []).flatMap((row) =>
    isJsonObject(row) && typeof row.contextId === 'string' ? [row.contextId] : [],
  )
  if (contextIds.length > 0) return { groupIds: [groupId], contextIds }
  const message = `${event} comes of contexts, and ${node.name} knows none of group ${groupId}; give context_id`
  throw new StepError('failed', message, { node: node.name })
}

/** Nothing is delivered before the node has said to what it listens. */
async function subscribe(socket: NodeSocket, topics: Topics, wanted: Wanted, options: StepOptions): Promise<Topics> {
  const { groupIds, contextIds } = topics
  const params = {
    ...(groupIds.length > 0 && { groupIds: [...groupIds] }),
    ...(contextIds.length > 0 && { contextIds: [...contextIds] }),
  }
  socket.send(exactJson({ id: SUBSCRIBE_ID, method: 'subscribe', params }))
  const until = performance.now() + wanted.timeoutMs
  for (;;) {
    const { signal } = options
    const text = await socket.next({ signal, timeoutMs: Math.max(1, until - performance.now()) })
    if (text === undefined) throw new StepError('timeout', 'the node never acknowledged the subscription')
    const frame = tryParseLosslessJson(text)
    if (!isJsonObject(frame) || frame.id !== SUBSCRIBE_ID) continue
    const result = isJsonObject(frame.result) ? frame.result : {}
    const heard = { groupIds: namesIn(result, 'groupIds'), contextIds: namesIn(result, 'contextIds') }
    const refused = [
      ...groupIds.filter((id) => !heard.groupIds.includes(id)).map((id) => `group ${id}`),
      ...contextIds.filter((id) => !heard.contextIds.includes(id)).map((id) => `context ${id}`),
    ]
    if (refused.length === 0) return heard
    const why = 'its caller is no member of it, or the id is wrong'
    throw new StepError('failed', `the node does not let ${refused.join(', ')} be watched (${why}): ${text}`)
  }
}

function namesIn(result: JsonObject, field: string): string[] {
  const names: JsonValue | undefined = result[field]
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : []
}
