// Whether what a peer sends is worth its time: it is told of as long as something comes of it.
import { WORTHLESS_BYTES_MAX } from './limits.ts'

export class Worth {
  readonly #onBytes: ((count: number) => void) | undefined
  #leftBytes = WORTHLESS_BYTES_MAX

  constructor(onBytes: ((count: number) => void) | undefined) {
    this.#onBytes = onBytes
  }

  /** Part of what is not judged yet, as it comes. */
  came(bytes: number): void {
    if (this.#leftBytes <= 0) return
    this.#leftBytes -= bytes
    this.#onBytes?.(bytes)
  }

  /** What came as a whole was of use, or not: then nothing is told until something is. */
  judge(isOfUse: boolean): void {
    this.#leftBytes = isOfUse ? WORTHLESS_BYTES_MAX : 0
  }
}
