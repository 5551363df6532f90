// Whether what a peer sends is worth its time: it is told of as long as something comes of it.
export class Worth {
  readonly #onBytes: ((count: number) => void) | undefined
  readonly #bytesMax: number
  #leftBytes: number

  /** `bytesMax`: so many may come before they are judged. */
  constructor(onBytes: ((count: number) => void) | undefined, bytesMax: number) {
    this.#onBytes = onBytes
    this.#bytesMax = bytesMax
    this.#leftBytes = bytesMax
  }

  /** Part of what is not judged yet, as it comes. */
  came(bytes: number): void {
    if (this.#leftBytes <= 0) return
    this.#leftBytes -= bytes
    this.#onBytes?.(bytes)
  }

  /** What came as a whole was of use, or not: then nothing is told until something is. */
  judge(isOfUse: boolean): void {
    this.#leftBytes = isOfUse ? this.#bytesMax : 0
  }
}
