// How long a peer may be silent after what was sent to it: the more is on its way there, the longer. What is handed to the transport
// has not arrived, and over a slow link the answer to it comes late.
import { STREAM_PORTION_BYTES, STREAM_WINDOW_MAX_BYTES } from './limits.ts'

export class ReplyTime {
  readonly #idleMs: number
  /** Since something came last. */
  #sent = 0

  constructor(idleMs: number) {
    this.#idleMs = idleMs
  }

  sent(bytes: number): void {
    this.#sent = Math.min(this.#sent + bytes, STREAM_WINDOW_MAX_BYTES)
  }

  answered(): void {
    this.#sent = 0
  }

  /** The idle limit, and once more for each whole portion on its way. */
  get ms(): number {
    return this.#idleMs * (1 + Math.floor(this.#sent / STREAM_PORTION_BYTES))
  }
}
