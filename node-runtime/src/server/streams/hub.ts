// Who watches what: one listener on the node's events, and the text of each event made once for all who watch it. Nobody
// gets an event of what it may not see any more: whenever what that rests on has changed, all who watch are judged again.
import type { Watchable } from '../../base/feed.ts'
import type { ContextId, GroupId } from '../../base/ids.ts'
import type { NodeEvent, PresenceEvent } from '../../context/ports.ts'
import { ServerError } from '../errors.ts'
import { eventText } from './event-text.ts'
import { TOPICS_MAX } from './limits.ts'
import type { Topic, Topics } from './topic.ts'
import type { Sight, Watcher } from './visible.ts'

export interface Subscriber {
  /** By what it is judged. */
  readonly asker: Watcher
  /** One event as JSON text. Must not wait. */
  deliver(event: string, topic: Topic): void
  /** What a member shows for the moment: the latest of each is enough. `textOf` makes its text. Must not wait. */
  show(event: PresenceEvent): void
  /** It may not see these any more, and watches them no longer. */
  lost(topics: Topics): void
}

interface Watchers {
  readonly subscribers: Set<Subscriber>
  /** What they were last judged by. */
  basis: object | undefined
}

interface Watched {
  readonly contextIds: Set<ContextId>
  readonly groupIds: Set<GroupId>
}

export class Hub {
  readonly #sight: Sight
  readonly #shownIn: (id: ContextId) => readonly PresenceEvent[]
  readonly #ofContexts = new Map<ContextId, Watchers>()
  readonly #ofGroups = new Map<GroupId, Watchers>()
  readonly #watched = new Map<Subscriber, Watched>()
  readonly #texts = new WeakMap<PresenceEvent, string>()
  readonly #unwatch: () => void
  /** Subscribers that were cut off because they did not read, since the start. They count themselves. */
  tooSlow = 0

  /** `shownIn`: what members show in a context now. Who begins to watch it is told that first. */
  constructor(
    events: Watchable<NodeEvent>,
    sight: Sight,
    shownIn: (id: ContextId) => readonly PresenceEvent[] = () => [],
  ) {
    this.#sight = sight
    this.#shownIn = shownIn
    this.#unwatch = events.watch((event) => this.#deliver(event))
  }

  /**
   * What of these it may see is watched from now on, and told. Throws BAD_REQUEST when that would be too much; then
   * nothing is added.
   */
  subscribe(subscriber: Subscriber, asked: Topics): Topics {
    const { contextIds, groupIds } = this.#sight.visible(subscriber.asker, asked)
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
    for (const id of contextIds) for (const event of this.#shownIn(id)) subscriber.show(event)
    return { contextIds, groupIds }
  }

  /** All that is shown in what it watches: it was away, and does not know what it missed. */
  showAgain(subscriber: Subscriber): void {
    const { contextIds } = this.topicsOf(subscriber)
    for (const id of contextIds) for (const event of this.#shownIn(id)) subscriber.show(event)
  }

  /** Made once for all who are told of it. */
  textOf(event: PresenceEvent): string {
    const known = this.#texts.get(event) ?? eventText(event)
    this.#texts.set(event, known)
    return known
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

  watches(subscriber: Subscriber, topic: Topic): boolean {
    const { contextIds, groupIds }: Partial<Record<keyof Watched, ReadonlySet<Topic>>> =
      this.#watched.get(subscriber) ?? {}
    return contextIds?.has(topic) === true || groupIds?.has(topic) === true
  }

  /** Judges anew all that it watches: what it may do may have changed, too. */
  review(subscriber: Subscriber): void {
    const { contextIds, groupIds } = this.topicsOf(subscriber)
    const visible = this.#sight.visible(subscriber.asker, { contextIds, groupIds })
    const lost = {
      contextIds: contextIds.filter((id) => !visible.contextIds.includes(id)),
      groupIds: groupIds.filter((id) => !visible.groupIds.includes(id)),
    }
    if (lost.contextIds.length + lost.groupIds.length === 0) return
    this.unsubscribe(subscriber, lost)
    subscriber.lost(lost)
  }

  /** The subscriber is gone. */
  leave(subscriber: Subscriber): void {
    this.unsubscribe(subscriber, this.topicsOf(subscriber))
    this.#watched.delete(subscriber)
  }

  close(): void {
    this.#unwatch()
  }

  #teller(event: NodeEvent, topic: Topic): (subscriber: Subscriber) => void {
    if ('presence' in event) return (subscriber) => subscriber.show(event)
    const text = eventText(event)
    return (subscriber) => subscriber.deliver(text, topic)
  }

  #deliver(event: NodeEvent): void {
    const topic = 'groupId' in event ? event.groupId : event.contextId
    const watchers = 'groupId' in event ? this.#ofGroups.get(event.groupId) : this.#ofContexts.get(event.contextId)
    if (watchers === undefined) return
    const tell = this.#teller(event, topic)
    const basis = this.#sight.basisOf(event)
    const isSettled = watchers.basis === basis
    watchers.basis = basis
    for (const subscriber of [...watchers.subscribers]) {
      // Who is put out by this event is told so by it, as the last.
      const isLast = !isSettled && this.#sight.isAbout(subscriber.asker, event)
      if (isLast) tell(subscriber)
      if (!isSettled) this.review(subscriber)
      if (!isLast && watchers.subscribers.has(subscriber)) tell(subscriber)
    }
  }
}

function add<Id>(all: Map<Id, Watchers>, id: Id, subscriber: Subscriber): void {
  const watchers = all.get(id) ?? { subscribers: new Set(), basis: undefined }
  watchers.subscribers.add(subscriber)
  all.set(id, watchers)
}

function remove<Id>(all: Map<Id, Watchers>, id: Id, subscriber: Subscriber): void {
  const watchers = all.get(id)
  watchers?.subscribers.delete(subscriber)
  if (watchers?.subscribers.size === 0) all.delete(id)
}
