// Which messages a simulated node has seen: the same bytes on the same topic count once.
import { type Bytes, toHex } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { sha256 } from '../../base/hash.ts'
import { GOSSIP_SEEN_MS } from '../limits.ts'

/** The copies of a message share their bytes on the way: they are hashed once for all who see them. */
const hashes = new WeakMap<Bytes, string>()

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
    const id = `${topic} ${hashOf(data)}`
    if (this.#untilMs.has(id)) return false
    this.#untilMs.set(id, now + GOSSIP_SEEN_MS)
    return true
  }
}

function hashOf(data: Bytes): string {
  const known = hashes.get(data)
  if (known !== undefined) return known
  const hash = toHex(sha256(data))
  hashes.set(data, hash)
  return hash
}
