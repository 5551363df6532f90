// Which messages a simulated node has seen: the same bytes on the same topic count once.
import { type Bytes, toHex } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { sha256 } from '../../base/hash.ts'
import { GOSSIP_SEEN_MS } from '../limits.ts'

/** The copies of a message share their bytes on the way, and all are on one topic: they are named once for all who see them. */
const names = new WeakMap<Bytes, { readonly topic: string; readonly name: string }>()

export class SeenMessages {
  readonly #clock: Clock
  readonly #untilMs = new Map<string, number>()
  /** When the first of them expires. */
  #nextMs = Number.POSITIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** True the first time within GOSSIP_SEEN_MS. */
  isNews(topic: string, data: Bytes): boolean {
    const now = this.#clock.nowMs()
    if (now >= this.#nextMs) this.#forget(now)
    const name = nameOf(topic, data)
    if (this.#untilMs.has(name)) return false
    this.#untilMs.set(name, now + GOSSIP_SEEN_MS)
    this.#nextMs = Math.min(this.#nextMs, now + GOSSIP_SEEN_MS)
    return true
  }

  /** Insertion order is age: what has expired is in front. */
  #forget(now: number): void {
    this.#nextMs = Number.POSITIVE_INFINITY
    for (const [name, untilMs] of this.#untilMs) {
      if (untilMs > now) {
        this.#nextMs = untilMs
        break
      }
      this.#untilMs.delete(name)
    }
  }
}

function nameOf(topic: string, data: Bytes): string {
  const known = names.get(data)
  if (known?.topic === topic) return known.name
  const name = `${topic} ${toHex(sha256(data))}`
  names.set(data, { topic, name })
  return name
}
