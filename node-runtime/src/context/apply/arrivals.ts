// What a peer sends while the context is busy is taken together: one batch of the store, one look at what it completes.
import type { Delta } from '../../wire/delta.ts'
import { APPLY_BATCH_MAX } from '../limits.ts'
import type { PeerId } from '../ports.ts'
import type { ReceiveResult } from './receiver.ts'

interface Arrival {
  readonly deltas: Delta[]
  readonly taken: Promise<ReceiveResult>
}

export interface ArrivalsParts {
  readonly enqueue: <T>(task: () => Promise<T>) => Promise<T>
  readonly take: (deltas: readonly Delta[], from: PeerId | undefined) => Promise<ReceiveResult>
}

export class Arrivals {
  readonly #parts: ArrivalsParts
  /** In the queue and not yet begun, by who sent it. */
  readonly #waiting = new Map<PeerId | undefined, Arrival>()

  constructor(parts: ArrivalsParts) {
    this.#parts = parts
  }

  /** Settles as what they were taken with does. */
  receive(deltas: readonly Delta[], from: PeerId | undefined): Promise<ReceiveResult> {
    const waiting = this.#waiting.get(from)
    if (waiting && waiting.deltas.length + deltas.length <= APPLY_BATCH_MAX) {
      waiting.deltas.push(...deltas)
      return waiting.taken
    }
    const gathered = [...deltas]
    const begun = () => {
      if (this.#waiting.get(from)?.deltas === gathered) this.#waiting.delete(from)
    }
    const taken = this.#parts
      .enqueue(() => {
        begun()
        return this.#parts.take(gathered, from)
      })
      .finally(begun)
    this.#waiting.set(from, { deltas: gathered, taken })
    return taken
  }
}
