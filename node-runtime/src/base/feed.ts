// Events of this process and who watches them. A listener's failure never reaches whoever emits.

export type Listener<Event> = (event: Event) => void

/** What watchers see of a feed. */
export interface Watchable<Event> {
  /** Ends with the function that is returned. Events come in order, once each, while the emitter waits: be short. */
  watch(listener: Listener<Event>): () => void
}

export class Feed<Event> implements Watchable<Event> {
  readonly #listeners = new Set<Listener<Event>>()
  readonly #onFailure: (error: unknown) => void

  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure
  }

  watch(listener: Listener<Event>): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  emit(event: Event): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event)
      } catch (error) {
        this.#onFailure(error)
      }
    }
  }
}
