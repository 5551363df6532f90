// What came of a snapshot and did not become a state. Who was cut off may go on with it; what nobody goes on with, or could not
// be removed when it was found to be false, is removed here.
import type { ContextId } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'
import { dropIncoming } from '../../storage/generations.ts'
import { readIncomingMeta } from '../../storage/state-meta.ts'
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

  constructor(parts: LeftoversParts) {
    this.#parts = parts
  }

  /** Some of a snapshot may be here: it goes once nobody has gone on with it for so long. */
  note(id: ContextId, keptMs = RECEIPT_KEPT_MS): void {
    const { store, setTimer, log } = this.#parts
    this.#timers.get(id)?.()
    this.#timers.delete(id)
    if (readIncomingMeta(store, id) === undefined) return
    const look = () => {
      this.#timers.delete(id)
      this.#drop(id).catch((error) => {
        log.warn({ contextId: id, error: String(error) }, 'what came of a snapshot cannot be removed yet')
        this.note(id, RECEIPT_PAUSE_MS)
      })
    }
    this.#timers.set(id, setTimer(look, keptMs))
  }

  close(): void {
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }

  async #drop(id: ContextId): Promise<void> {
    const { store, receipts } = this.#parts
    // It notes the context at its end.
    const release = receipts.hold(id)
    if (release === undefined) return
    try {
      await dropIncoming(store, id)
    } finally {
      release()
    }
  }
}
