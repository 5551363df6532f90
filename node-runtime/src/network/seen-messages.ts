// Which messages a simulated node has seen: the same bytes on the same topic count once.
import { type Bytes, toHex, utf8 } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { sha256 } from '../base/hash.ts'
import { GOSSIP_SEEN_MS } from './limits.ts'

export class SeenMessages {
  readonly #clock: Clock
  readonly #untilMs = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** True the first time within GOSSIP_SEEN_MS. */
  isNews(topic: string, data: Bytes): boolean {
    const now = this.#clock.nowMs()
    // Insertion order is age: what has expired is in front.
    for (const [id, untilMs] of this.#untilMs) {
      if (untilMs > now) break
      this.#untilMs.delete(id)
    }
    const id = toHex(sha256(utf8(`${topic}\0`), data))
    if (this.#untilMs.has(id)) return false
    this.#untilMs.set(id, now + GOSSIP_SEEN_MS)
    return true
  }
}
