// The events of a node as they come, over its WebSocket, until the signal: of what is asked for, or of all there is, what
// is made later included.
import { ClientError } from '../client/client-error.ts'
import type { NodeClient } from '../client/node-client.ts'
import type { NodeSocket } from '../client/node-socket.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../values/json/json-value.ts'
import { exactJson, stringifyLosslessJson, tryParseLosslessJson } from '../values/json/lossless-json.ts'

/** Contexts in base58, groups in hex. */
export interface EventTopics {
  readonly contextIds: readonly string[]
  readonly groupIds: readonly string[]
}

export interface Watch {
  readonly client: Pick<NodeClient, 'socket' | 'baseUrl'>
  /** What to watch; with `refreshMs` asked again after so long without an event, and after each event of a group. */
  readonly topics: () => Promise<EventTopics>
  readonly refreshMs?: number
  /** The node has said what it watches now: what the caller may not see is left out of it. */
  readonly onWatching: (topics: EventTopics) => void
  /** The node tells no more of these: the caller may not see them any longer. */
  readonly onLost: (topics: EventTopics) => void
}

/** Where nothing is asked again: how long one wait takes; then the next one begins. */
const IDLE_MS = 3_600_000

/** ClientError when the connection ends, or the node refuses to tell; `signal.reason` at the signal. */
export async function* watchEvents(watch: Watch, { signal }: { signal: AbortSignal }): AsyncGenerator<JsonObject> {
  const socket = await watch.client.socket({ signal })
  const subscriptions = new Subscriptions(watch, socket)
  try {
    await subscriptions.renew()
    for (;;) {
      const text = await socket.next({ signal, timeoutMs: watch.refreshMs ?? IDLE_MS })
      if (text === undefined) {
        if (watch.refreshMs !== undefined) await subscriptions.renew()
        continue
      }
      const frame = tryParseLosslessJson(text)
      if (!isJsonObject(frame)) continue
      if (typeof frame.id === 'number') subscriptions.answered(frame)
      else if (isJsonObject(frame.result)) {
        yield frame.result
        if (watch.refreshMs !== undefined && 'groupId' in frame.result) await subscriptions.renew()
      } else if (frame.error !== undefined) subscriptions.failed(frame.error)
    }
  } finally {
    socket.close()
  }
}

class Subscriptions {
  readonly #watch: Watch
  readonly #socket: NodeSocket
  readonly #asked = new Set<string>()
  #lastId = 0

  constructor(watch: Watch, socket: NodeSocket) {
    this.#watch = watch
    this.#socket = socket
  }

  /** Asks for what is not watched yet; the first time even for nothing, so that the caller hears that it is heard. */
  async renew(): Promise<void> {
    const topics = await this.#watch.topics()
    const isNew = (id: string) => !this.#asked.has(id)
    const contextIds = topics.contextIds.filter(isNew)
    const groupIds = topics.groupIds.filter(isNew)
    if (this.#lastId > 0 && contextIds.length + groupIds.length === 0) return
    for (const id of [...contextIds, ...groupIds]) this.#asked.add(id)
    this.#lastId += 1
    const params = { contextIds, groupIds }
    this.#socket.send(exactJson({ id: this.#lastId, method: 'subscribe', params }))
  }

  answered({ result, error }: JsonObject): void {
    if (isJsonObject(result)) {
      this.#watch.onWatching({ contextIds: texts(result.contextIds), groupIds: texts(result.groupIds) })
      return
    }
    throw this.#refused(error)
  }

  /** Said without being asked: something is watched no longer. It is asked for again where it is found again. */
  failed(error: JsonValue): void {
    if (!isJsonObject(error) || error.type !== 'Unauthorized' || !isJsonObject(error.data)) throw this.#refused(error)
    const lost = { contextIds: texts(error.data.contextIds), groupIds: texts(error.data.groupIds) }
    for (const id of [...lost.contextIds, ...lost.groupIds]) this.#asked.delete(id)
    this.#watch.onLost(lost)
  }

  #refused(error: JsonValue | undefined): ClientError {
    const { baseUrl } = this.#watch.client
    const said =
      isJsonObject(error) && typeof error.data === 'string' ? error.data : stringifyLosslessJson(error ?? null)
    const about = { method: 'subscribe', url: `${baseUrl}/ws`, detail: said }
    return new ClientError('REPLY', `subscribing at ${baseUrl}/ws was refused: ${said}`, about)
  }
}

function texts(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}
