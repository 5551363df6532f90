// What came of a snapshot and did not become a state. Who was cut off may go on with it; what nobody goes on with, or could not
// be removed when it was found to be false, is removed here.
import type { ContextId } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'
import { dropIncoming } from '../../storage/generations.ts'
import { incomingMetaKey } from '../../storage/state-meta.ts'
import type { Store } from '../../store/store.ts'
import { RECEIPT_KEPT_MS, RECEIPT_PAUSE_MS } from '../limits.ts'
import type { Receipts } from './receipts.ts'

interface LeftoversParts {
  readonly store: Store
  readonly receipts: Receipts
  readonly setTimer: (fn: () => void, delayMs: number) => () => void
  readonly log: Logger
}

export class Leftovers {
  readonly #parts: LeftoversParts
  readonly #timers = new Map<ContextId, () => void>()
  readonly #dropping = new Set<ContextId>()
  #closed = false

  constructor(parts: LeftoversParts) {
    this.#parts = parts
  }

  /** What an earlier run has left, if it has. What is to go already goes when it was to: each write that fails looks again. */
  look(id: ContextId): void {
    if (this.#timers.has(id) || this.#dropping.has(id)) return
    if (this.#parts.store.get(incomingMetaKey(id)) !== undefined) this.note(id)
  }

  /** Some of a snapshot may be here: it goes once nobody has gone on with it for so long. Reads nothing: the store may be out of order. */
  note(id: ContextId, keptMs = RECEIPT_KEPT_MS): void {
    if (this.#closed) return
    this.#timers.get(id)?.()
    this.#timers.set(
      id,
      this.#parts.setTimer(() => this.#onTime(id), keptMs),
    )
  }

  close(): void {
    this.#closed = true
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }

  #onTime(id: ContextId): void {
    this.#timers.delete(id)
    this.#drop(id).catch((error) => {
      this.#parts.log.warn({ contextId: id, error: String(error) }, 'what came of a snapshot cannot be removed yet')
      if (!this.#timers.has(id)) this.note(id, RECEIPT_PAUSE_MS)
    })
  }

  async #drop(id: ContextId): Promise<void> {
    const { store, receipts } = this.#parts
    // It notes the context at its end.
    const release = receipts.hold(id)
    if (release === undefined) return
    this.#dropping.add(id)
    try {
      await dropIncoming(store, id)
    } finally {
      this.#dropping.delete(id)
      release()
    }
  }
}
