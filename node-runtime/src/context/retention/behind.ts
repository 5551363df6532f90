// The last deltas that were refused as behind the checkpoint here, and what was built on them. Who waits for one and does not reach anybody that still
// holds it can see from it that there is no point.
import type { Bytes } from '../../base/bytes.ts'
import type { DeltaId } from '../../base/ids.ts'
import { type Delta, encodeDelta } from '../../wire/delta.ts'
import type { ContextStore } from '../context-store.ts'
import { BEHIND_BYTES_MAX, BEHIND_MAX } from '../limits.ts'

export class Behind {
  /** Oldest first. */
  readonly #deltas = new Map<DeltaId, Delta>()
  #bytes = 0

  encoded(id: DeltaId): Bytes | undefined {
    const delta = this.#deltas.get(id)
    return delta && encodeDelta(delta)
  }

  /** Of what waited in the store and has fallen with its parents. */
  rememberStored(ids: readonly DeltaId[], rows: Pick<ContextStore, 'delta'>): void {
    for (const id of ids.slice(0, BEHIND_MAX)) {
      const delta = rows.delta(id)
      if (delta) this.remember(delta)
    }
  }

  remember(delta: Delta): void {
    if (this.#deltas.has(delta.id)) return
    this.#deltas.set(delta.id, delta)
    this.#bytes += delta.sealed.byteLength
    for (const [id, { sealed }] of this.#deltas) {
      if (this.#deltas.size <= BEHIND_MAX && this.#bytes <= BEHIND_BYTES_MAX) break
      this.#deltas.delete(id)
      this.#bytes -= sealed.byteLength
    }
  }
}
