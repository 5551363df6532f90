// Hellos to peers: to each one at a time, and one more after it where another was wished for meanwhile.
import type { PeerId } from '../network/network.ts'

interface Running {
  again: boolean
  asksAgain: boolean
}

export class Greetings {
  readonly #greet: (peer: PeerId, asks: boolean) => Promise<void>
  readonly #running = new Map<PeerId, Running>()

  /** `greet` does not reject. */
  constructor(greet: (peer: PeerId, asks: boolean) => Promise<void>) {
    this.#greet = greet
  }

  /** `asks`: what the peer has is of interest, not only what it lacks. */
  soon(peer: PeerId, asks = false): void {
    const running = this.#running.get(peer)
    if (running) {
      running.again = true
      running.asksAgain ||= asks
      return
    }
    const greeting = { again: false, asksAgain: false }
    this.#running.set(peer, greeting)
    void this.#greet(peer, asks).then(() => {
      this.#running.delete(peer)
      if (greeting.again) this.soon(peer, greeting.asksAgain)
    })
  }
}
