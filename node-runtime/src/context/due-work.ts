// Work of which the rows are in the store: looked at when something wakes it and when the next of it is due, one look at a time.

export interface DueWorkParts {
  readonly nowMs: () => number
  readonly setTimer: (fn: () => void, delayMs: number) => () => void
  /** Does what is due. Resolves to when the next will be; infinity: not before something wakes it. */
  readonly look: () => Promise<number>
  /** How long after a look that was rejected the next one comes. */
  readonly retryMs: number
  readonly onFailed: (error: unknown) => void
}

export class DueWork {
  readonly #parts: DueWorkParts
  #running: Promise<void> | undefined
  #again = false
  #closed = false
  #cancelTimer: (() => void) | undefined

  constructor(parts: DueWorkParts) {
    this.#parts = parts
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Nothing happens until it is woken. */
  get isAtRest(): boolean {
    return this.#running === undefined && this.#cancelTimer === undefined
  }

  /** Looks soon; many calls make one look. */
  wake(): void {
    if (this.#closed) return
    if (this.#running) {
      this.#again = true
      return
    }
    this.#running = this.#look()
      .catch((error) => {
        this.#parts.onFailed(error)
        this.#schedule(this.#parts.nowMs() + this.#parts.retryMs)
      })
      .finally(() => {
        this.#running = undefined
        if (this.#again) {
          this.#again = false
          this.wake()
        }
      })
  }

  /** The look that is under way ends, and none comes after it. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancelTimer?.()
    await this.#running
  }

  async #look(): Promise<void> {
    this.#schedule(await this.#parts.look())
  }

  #schedule(dueMs: number): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (this.#closed || dueMs === Number.POSITIVE_INFINITY) return
    const onDue = () => {
      this.#cancelTimer = undefined
      this.wake()
    }
    this.#cancelTimer = this.#parts.setTimer(onDue, Math.max(0, dueMs - this.#parts.nowMs()))
  }
}
