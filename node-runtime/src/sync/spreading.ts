// What a pull has brought goes on to other neighbours, also where no gossip arrives: else it would take a period a hop.
import type { Clock } from '../base/clock.ts'
import { SPREAD_AFTER_MS } from './limits.ts'
import { type Topic, topicName } from './topics.ts'

export interface SpreadingParts {
  readonly clock: Clock
  /** Compares with neighbours. */
  readonly tell: (topic: Topic) => void
}

export class Spreading {
  readonly #parts: SpreadingParts
  /** Topics with news, with what cancels telling them. */
  readonly #waiting = new Map<string, () => void>()
  #closed = false

  constructor(parts: SpreadingParts) {
    this.#parts = parts
  }

  /** Several in a short time are told at once. */
  soon(topic: Topic): void {
    const name = topicName(topic)
    if (this.#closed || this.#waiting.has(name)) return
    const tell = () => {
      this.#waiting.delete(name)
      this.#parts.tell(topic)
    }
    this.#waiting.set(name, this.#parts.clock.setTimer(tell, SPREAD_AFTER_MS))
  }

  close(): void {
    this.#closed = true
    for (const cancel of this.#waiting.values()) cancel()
  }
}
