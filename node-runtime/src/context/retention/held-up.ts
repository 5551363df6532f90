// Own deltas that could not be written again: why, and until when nobody but a timer tries the next one. It outlives the instance of a
// context, which a write that fails ends: the next one would try at once, with its first call, and end in its turn.
import type { ContextId, DeltaId } from '../../base/ids.ts'
import { RECONSIDER_MS, REWRITE_LOOK_MS } from '../limits.ts'

export interface Failure {
  readonly deltaId: DeltaId | undefined
  readonly error: unknown
  readonly atMs: number
  /** Until the next try, should that one fail. */
  readonly pauseMs: number
}

/** As many as contexts of this node that wait so. */
export class HeldUp {
  readonly #failures = new Map<ContextId, Failure>()

  get(id: ContextId): Failure | undefined {
    return this.#failures.get(id)
  }

  /** It is tried again later and later; what fails before that does not put it off. */
  note(id: ContextId, { deltaId, error }: Pick<Failure, 'deltaId' | 'error'>, nowMs: number): void {
    const before = this.#failures.get(id)
    const leftMs = this.leftMs(id, nowMs)
    const pauseMs = before ? Math.min(2 * before.pauseMs, RECONSIDER_MS) : REWRITE_LOOK_MS
    const pause = before && leftMs > 0 ? before : { atMs: nowMs, pauseMs }
    this.#failures.set(id, { deltaId, error, atMs: pause.atMs, pauseMs: pause.pauseMs })
  }

  /** Of the pause; never longer than that, wherever the clock is set. */
  leftMs(id: ContextId, nowMs: number): number {
    const failure = this.#failures.get(id)
    if (failure === undefined) return 0
    const tookMs = nowMs - failure.atMs
    return tookMs < 0 ? 0 : Math.max(0, failure.pauseMs - tookMs)
  }

  /** Nothing is in the way any more, as far as is known. False where nothing was. */
  clear(id: ContextId): boolean {
    return this.#failures.delete(id)
  }
}
