// Who watches what: one listener on the node's events, and the text of each event made once for all who watch it.
import type { Watchable } from '../../base/feed.ts'
import type { ContextId, GroupId } from '../../base/ids.ts'
import type { NodeEvent } from '../../context/ports.ts'
import { ServerError } from '../errors.ts'
import { eventText } from './event-text.ts'
import { TOPICS_MAX } from './limits.ts'

export interface Subscriber {
  /** One event as JSON text. Must not wait. */
  deliver(event: string): void
}

export interface Topics {
  readonly contextIds: readonly ContextId[]
  readonly groupIds: readonly GroupId[]
}

type Topic = `context ${ContextId}` | `group ${GroupId}`

export class Hub {
  readonly #watchers = new Map<Topic, Set<Subscriber>>()
  readonly #topics = new Map<Subscriber, Set<Topic>>()
  readonly #unwatch: () => void

  constructor(events: Watchable<NodeEvent>) {
    this.#unwatch = events.watch((event) => this.#deliver(event))
  }

  /** Throws BAD_REQUEST when these would be too many; then none is added. */
  subscribe(subscriber: Subscriber, topics: Topics): void {
    const known = this.#topics.get(subscriber) ?? new Set()
    const all = known.union(new Set(namesOf(topics)))
    if (all.size > TOPICS_MAX) {
      throw new ServerError('BAD_REQUEST', `a client watches ${TOPICS_MAX} contexts and groups at most`)
    }
    this.#topics.set(subscriber, all)
    for (const topic of all) {
      const watchers = this.#watchers.get(topic) ?? new Set()
      watchers.add(subscriber)
      this.#watchers.set(topic, watchers)
    }
  }

  unsubscribe(subscriber: Subscriber, topics: Topics): void {
    for (const topic of namesOf(topics)) this.#remove(subscriber, topic)
  }

  /** The subscriber is gone. */
  leave(subscriber: Subscriber): void {
    for (const topic of this.#topics.get(subscriber) ?? []) this.#remove(subscriber, topic)
    this.#topics.delete(subscriber)
  }

  close(): void {
    this.#unwatch()
  }

  #remove(subscriber: Subscriber, topic: Topic): void {
    this.#topics.get(subscriber)?.delete(topic)
    const watchers = this.#watchers.get(topic)
    watchers?.delete(subscriber)
    if (watchers?.size === 0) this.#watchers.delete(topic)
  }

  #deliver(event: NodeEvent): void {
    const watchers = this.#watchers.get('groupId' in event ? `group ${event.groupId}` : `context ${event.contextId}`)
    if (watchers === undefined) return
    const text = eventText(event)
    for (const subscriber of [...watchers]) subscriber.deliver(text)
  }
}

function namesOf({ contextIds, groupIds }: Topics): Topic[] {
  return [...contextIds.map((id): Topic => `context ${id}`), ...groupIds.map((id): Topic => `group ${id}`)]
}
