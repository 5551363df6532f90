// What members show that one client has not been sent yet: of each member in each context the latest alone, however fast
// it changes and however slowly the client reads. So it takes no room from events, and nobody is too slow for it.
import type { ContextId } from '../../../base/ids.ts'
import type { PresenceEvent } from '../../../context/ports.ts'
import { UNSENT_PRESENCE_MAX } from '../limits.ts'

export class UnsentPresence {
  readonly #waiting = new Map<string, PresenceEvent>()

  /** Whoever changes keeps its place: one that changes all the time keeps nobody from being sent. */
  put(event: PresenceEvent): void {
    this.#waiting.set(`${event.contextId} ${event.presence.author}`, event)
    if (this.#waiting.size <= UNSENT_PRESENCE_MAX) return
    const [oldest] = this.#waiting.keys()
    if (oldest !== undefined) this.#waiting.delete(oldest)
  }

  /** Takes what waits longest; what is not watched any more is dropped. */
  next(isWatched: (id: ContextId) => boolean): PresenceEvent | undefined {
    for (const [key, event] of this.#waiting) {
      this.#waiting.delete(key)
      if (isWatched(event.contextId)) return event
    }
    return undefined
  }

  clear(): void {
    this.#waiting.clear()
  }
}
