// Peers that are connected and have not said yet what they speak. Who does not in time is dropped.
import type { Clock } from '../../base/clock.ts'
import { IDENTIFY_TIMEOUT_MS } from '../limits.ts'
import type { PeerId } from '../network.ts'

export class Unidentified {
  readonly #clock: Pick<Clock, 'setTimer'>
  readonly #drop: (peer: PeerId) => void
  /** Each cancels the timer of its peer. */
  readonly #cancels = new Map<PeerId, () => void>()

  constructor(clock: Pick<Clock, 'setTimer'>, drop: (peer: PeerId) => void) {
    this.#clock = clock
    this.#drop = drop
  }

  has(peer: PeerId): boolean {
    return this.#cancels.has(peer)
  }

  add(peer: PeerId): void {
    this.delete(peer)
    this.#cancels.set(
      peer,
      this.#clock.setTimer(() => this.#drop(peer), IDENTIFY_TIMEOUT_MS),
    )
  }

  /** It has said so, or is gone. */
  delete(peer: PeerId): void {
    this.#cancels.get(peer)?.()
    this.#cancels.delete(peer)
  }

  close(): void {
    for (const cancel of this.#cancels.values()) cancel()
    this.#cancels.clear()
  }
}
