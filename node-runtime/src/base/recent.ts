// Values that are functions of bytes and were asked for lately: at most twice as many as it is made for, each by all of its
// bytes, so that no two can be taken for each other. What was not asked for as long goes first, half of them at a time.
import { type Bytes, binaryText } from './bytes.ts'

export interface RecentLimits {
  readonly count: number
  /** What is longer is made anew each time: to look it up would keep too much, for little. */
  readonly bytesMax: number
}

export class Recent<T> {
  readonly #limits: RecentLimits
  #young = new Map<string, T>()
  #old = new Map<string, T>()

  constructor(limits: RecentLimits) {
    this.#limits = limits
  }

  /** What `make` has returned for these bytes, or returns now. Its failures are not remembered. */
  of(bytes: Bytes, make: (bytes: Bytes) => T): T {
    if (bytes.byteLength > this.#limits.bytesMax) return make(bytes)
    const key = binaryText(bytes)
    const known = this.#young.get(key)
    if (known !== undefined) return known
    const value = this.#old.get(key) ?? make(bytes)
    if (this.#young.size >= this.#limits.count) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
    return value
  }
}
