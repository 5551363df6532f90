// What the order of sorted maps and sets is for: ranges, the first and the last.
import type { Bytes } from '../base/bytes.ts'
import type { KeyRange } from './element-index.ts'
import { iterBytes } from './iter-bytes.ts'
import { KeyedElements, type KeyedType } from './keyed-elements.ts'
import type { SessionCore } from './session-core.ts'

export interface SortedRange extends KeyRange {
  /** Entries at most. */
  readonly limit?: number
}

export class SortedSession {
  readonly #core: SessionCore
  readonly #type: KeyedType

  constructor(core: SessionCore, type: KeyedType) {
    this.#core = core
    this.#type = type
  }

  /** As the iteration of the type; of the keys from `gte` up to `lt`. */
  range(id: Bytes, range: SortedRange): Bytes {
    return iterBytes(this.#entries(id, range))
  }

  /** A map's: key and value. A set's: the value. */
  first(id: Bytes): readonly Bytes[] | undefined {
    return this.#entries(id, { limit: 1 }).next().value ?? undefined
  }

  last(id: Bytes): readonly Bytes[] | undefined {
    return this.#entries(id, { limit: 1, reverse: true }).next().value ?? undefined
  }

  *#entries(id: Bytes, range: SortedRange): Generator<readonly Bytes[], undefined> {
    let left = range.limit ?? Number.POSITIVE_INFINITY
    for (const [key, value] of new KeyedElements(this.#core.state, this.#type, this.#core.id(id)).entries(range)) {
      if (left <= 0) return
      left -= 1
      yield this.#type.counted ? [key] : [key, value]
    }
  }
}
