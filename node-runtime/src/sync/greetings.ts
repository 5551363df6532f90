// Hellos to peers: to each one at a time, and one more after it where another was wished for meanwhile.
import type { PeerId } from '../network/network.ts'

export class Greetings {
  readonly #greet: (peer: PeerId) => Promise<void>
  readonly #running = new Map<PeerId, { again: boolean }>()

  /** `greet` does not reject. */
  constructor(greet: (peer: PeerId) => Promise<void>) {
    this.#greet = greet
  }

  soon(peer: PeerId): void {
    const running = this.#running.get(peer)
    if (running) {
      running.again = true
      return
    }
    const greeting = { again: false }
    this.#running.set(peer, greeting)
    void this.#greet(peer).then(() => {
      this.#running.delete(peer)
      if (greeting.again) this.soon(peer)
    })
  }
}
