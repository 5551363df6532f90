// The newest events of each session, to be sent again to who comes back: bounded for a session, a key, and all together.
// What is over a bound goes, the oldest first.

import { REPLAY_BYTES_MAX, REPLAY_BYTES_MAX_OVERALL, REPLAY_BYTES_PER_KEY_MAX, REPLAY_EVENTS_MAX } from './limits.ts'
import type { Topic } from './topic.ts'

/** What an event costs beside its text. */
const ROW_BYTES = 128

interface Kept {
  readonly number: number
  readonly text: string
  readonly topic: Topic
  readonly cost: number
  readonly key: string | undefined
  readonly within: readonly Bounded[]
}

/** The oldest first: a Set keeps its order. */
class Bounded {
  readonly rows = new Set<Kept>()
  readonly #bytesMax: number
  readonly #rowsMax: number
  #bytes = 0

  constructor(bytesMax: number, rowsMax = Number.POSITIVE_INFINITY) {
    this.#bytesMax = bytesMax
    this.#rowsMax = rowsMax
  }

  get bytes(): number {
    return this.#bytes
  }

  add(row: Kept): void {
    this.rows.add(row)
    this.#bytes += row.cost
  }

  delete(row: Kept): void {
    if (this.rows.delete(row)) this.#bytes -= row.cost
  }

  /** The oldest, while there is too much. */
  get surplus(): Kept | undefined {
    if (this.#bytes <= this.#bytesMax && this.rows.size <= this.#rowsMax) return undefined
    return this.rows.values().next().value
  }
}

/** Of one session. */
export interface Replay {
  keep(number: number, text: string, topic: Topic): void
  /** Those above a number, the oldest first. */
  after(number: number): Iterable<Pick<Kept, 'number' | 'text' | 'topic'>>
  /** The session is over. */
  drop(): void
}

export class Replays {
  readonly #all = new Bounded(REPLAY_BYTES_MAX_OVERALL)
  readonly #ofKeys = new Map<string, Bounded>()

  /** What is kept now. */
  get bytes(): number {
    return this.#all.bytes
  }

  /** `key`: whose session it is; undefined where keys are not told apart. */
  of(key: string | undefined): Replay {
    const own = new Bounded(REPLAY_BYTES_MAX, REPLAY_EVENTS_MAX)
    return {
      keep: (number, text, topic) => {
        const within = [own, this.#all, ...(key === undefined ? [] : [this.#ofKey(key)])]
        // As UTF-16 at worst.
        const row = { number, text, topic, cost: ROW_BYTES + 2 * text.length, key, within }
        for (const bounded of within) bounded.add(row)
        for (const bounded of within) {
          for (let oldest = bounded.surplus; oldest; oldest = bounded.surplus) this.#forget(oldest)
        }
      },
      after: (number) => [...own.rows].filter((row) => row.number > number),
      drop: () => {
        for (const row of [...own.rows]) this.#forget(row)
      },
    }
  }

  #ofKey(key: string): Bounded {
    const known = this.#ofKeys.get(key) ?? new Bounded(REPLAY_BYTES_PER_KEY_MAX)
    this.#ofKeys.set(key, known)
    return known
  }

  #forget(row: Kept): void {
    for (const bounded of row.within) bounded.delete(row)
    if (row.key !== undefined && this.#ofKeys.get(row.key)?.rows.size === 0) this.#ofKeys.delete(row.key)
  }
}
