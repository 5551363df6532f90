// Which signals ask for an end, and which are the same request once more. Pure.

/**
 * One Ctrl-C comes more than once where somebody stands between us and the terminal: the terminal signals the whole
 * foreground group, and npx and our launcher pass on what they get. Later than this it is a second one: nobody presses
 * the key twice in less.
 */
const SAME_REQUEST_MS = 100

export class Interrupts {
  #firstMs: number | undefined

  /** `first`: end in order. `again`: end at once. `same`: this request is known. */
  next(nowMs: number): 'first' | 'same' | 'again' {
    if (this.#firstMs === undefined) {
      this.#firstMs = nowMs
      return 'first'
    }
    return nowMs - this.#firstMs < SAME_REQUEST_MS ? 'same' : 'again'
  }
}
