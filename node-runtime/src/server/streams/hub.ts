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

type Watchers<Id> = Map<Id, Set<Subscriber>>

interface Watched {
  readonly contextIds: Set<ContextId>
  readonly groupIds: Set<GroupId>
}

export class Hub {
  readonly #ofContexts: Watchers<ContextId> = new Map()
  readonly #ofGroups: Watchers<GroupId> = new Map()
  readonly #watched = new Map<Subscriber, Watched>()
  readonly #unwatch: () => void

  constructor(events: Watchable<NodeEvent>) {
    this.#unwatch = events.watch((event) => this.#deliver(event))
  }

  /** Throws BAD_REQUEST when these would be too many; then none is added. */
  subscribe(subscriber: Subscriber, { contextIds, groupIds }: Topics): void {
    const known = this.#watched.get(subscriber) ?? { contextIds: new Set(), groupIds: new Set() }
    const all = {
      contextIds: new Set([...known.contextIds, ...contextIds]),
      groupIds: new Set([...known.groupIds, ...groupIds]),
    }
    if (all.contextIds.size + all.groupIds.size > TOPICS_MAX) {
      throw new ServerError('BAD_REQUEST', `a client watches ${TOPICS_MAX} contexts and groups at most`)
    }
    this.#watched.set(subscriber, all)
    for (const id of contextIds) add(this.#ofContexts, id, subscriber)
    for (const id of groupIds) add(this.#ofGroups, id, subscriber)
  }

  unsubscribe(subscriber: Subscriber, { contextIds, groupIds }: Topics): void {
    const watched = this.#watched.get(subscriber)
    for (const id of contextIds) if (watched?.contextIds.delete(id)) remove(this.#ofContexts, id, subscriber)
    for (const id of groupIds) if (watched?.groupIds.delete(id)) remove(this.#ofGroups, id, subscriber)
  }

  /** What a subscriber watches. */
  topicsOf(subscriber: Subscriber): Topics {
    const { contextIds = [], groupIds = [] } = this.#watched.get(subscriber) ?? {}
    return { contextIds: [...contextIds], groupIds: [...groupIds] }
  }

  /** The subscriber is gone. */
  leave(subscriber: Subscriber): void {
    this.unsubscribe(subscriber, this.topicsOf(subscriber))
    this.#watched.delete(subscriber)
  }

  close(): void {
    this.#unwatch()
  }

  #deliver(event: NodeEvent): void {
    const watchers = 'groupId' in event ? this.#ofGroups.get(event.groupId) : this.#ofContexts.get(event.contextId)
    if (watchers === undefined) return
    const text = eventText(event)
    for (const subscriber of [...watchers]) subscriber.deliver(text)
  }
}

function add<Id>(all: Watchers<Id>, id: Id, subscriber: Subscriber): void {
  const watchers = all.get(id) ?? new Set()
  watchers.add(subscriber)
  all.set(id, watchers)
}

function remove<Id>(all: Watchers<Id>, id: Id, subscriber: Subscriber): void {
  const watchers = all.get(id)
  watchers?.delete(subscriber)
  if (watchers?.size === 0) all.delete(id)
}
