// The durable queue of calls that one context has asked others for: made one after the other, in the order in which they
// were asked. A row enters in the batch of the call that has asked and leaves in that of the call that it is, so each
// takes effect once, across crashes. It outlives the instance of its context, and holds no queue of any while one runs.
import type { Bytes } from '../../base/bytes.ts'
import type { ContextId } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'
import type { Store } from '../../store/store.ts'
import { DueWork } from '../due-work.ts'
import { XCALL_ATTEMPTS_MAX, XCALL_PAGE, XCALL_RETRY_MS } from '../limits.ts'
import { countTriedXCalls, countXCalls, putXCall, type StoredXCall, xcallPage } from './xcall-rows.ts'

/** `settled`: its row is gone. `later`: nothing has come of it, and the next attempt may differ. */
export type Attempt = 'settled' | 'later'

export interface XCallQueueParts {
  readonly source: ContextId
  readonly store: Store
  readonly nowMs: () => number
  readonly setTimer: (fn: () => void, delayMs: number) => () => void
  /** Whether the context is in use. While it is not, its rows stay. */
  readonly isHere: () => boolean
  /** `isLast`: there is no later. */
  readonly make: (call: StoredXCall, isLast: boolean) => Promise<Attempt>
  readonly log: Logger
}

export class XCallQueue {
  readonly #parts: XCallQueueParts
  readonly #work: DueWork
  #waiting = 0
  #tried = 0
  #additions = 0
  #counted = false
  #triedCounted = false

  constructor(parts: XCallQueueParts) {
    this.#parts = parts
    this.#work = new DueWork({
      ...{ nowMs: parts.nowMs, setTimer: parts.setTimer, retryMs: XCALL_RETRY_MS },
      look: () => this.#drain(),
      onFailed: (error) =>
        parts.log.error({ error: String(error) }, 'calls to other contexts stopped; they are tried again'),
    })
  }

  /** Counts what is in the store from earlier. Once. */
  async open(): Promise<void> {
    if (this.#counted) return
    const { store, source } = this.#parts
    const before = this.#waiting
    const stored = await countXCalls(store, source)
    if (this.#counted) return
    this.#waiting += stored - before
    this.#counted = true
  }

  /** Still to be made. */
  get waiting(): number {
    return this.#waiting
  }

  /** Of these, those that were tried in vain: they are tried again later and later. Of what is from earlier, known with the first look. */
  get tried(): number {
    return this.#tried
  }

  /** Nothing happens until it is woken. */
  get isAtRest(): boolean {
    return this.#work.isAtRest
  }

  /** So many more are in the store. */
  added(count: number): void {
    this.#waiting += count
    this.#additions += 1
    this.wake()
  }

  /** Looks at the queue soon; many calls make one look. */
  wake(): void {
    this.#work.wake()
  }

  /** What runs ends, and what waits stays in the store. */
  async close(): Promise<void> {
    await this.#work.close()
  }

  async #drain(): Promise<number> {
    await this.open()
    await this.#countTried()
    for (;;) {
      const { nextDueMs, hasMade } = await this.#pass()
      if (!hasMade) return nextDueMs
    }
  }

  /** All that are due, in their order. */
  async #pass(): Promise<{ readonly nextDueMs: number; readonly hasMade: boolean }> {
    const { nowMs } = this.#parts
    let [nextDueMs, hasMade] = [Number.POSITIVE_INFINITY, false]
    let last: StoredXCall | undefined
    do {
      const page = await this.#page(last?.key)
      for (const call of page) {
        if (this.#isIdle()) return { nextDueMs: Number.POSITIVE_INFINITY, hasMade: false }
        if (call.row.dueMs > nowMs()) nextDueMs = Math.min(nextDueMs, call.row.dueMs)
        else {
          await this.#attempt(call)
          hasMade = true
        }
      }
      last = page.length < XCALL_PAGE ? undefined : page.at(-1)
    } while (last)
    return { nextDueMs, hasMade }
  }

  async #countTried(): Promise<void> {
    if (this.#triedCounted) return
    const { store, source } = this.#parts
    this.#tried = await countTriedXCalls(store, source)
    this.#triedCounted = true
  }

  async #page(after: Bytes | undefined): Promise<StoredXCall[]> {
    const { store, source } = this.#parts
    const additions = this.#additions
    const page = await xcallPage(store, source, { after, limit: XCALL_PAGE })
    // These are all: what was counted too often or too little, as it came while it was counted, is so no more.
    if (after === undefined && page.length < XCALL_PAGE && additions === this.#additions) {
      this.#waiting = page.length
      this.#tried = page.filter(({ row }) => row.attempts > 0).length
    }
    return page
  }

  async #attempt(call: StoredXCall): Promise<void> {
    const { store, make, nowMs } = this.#parts
    const { key, row } = call
    const attempts = row.attempts + 1
    const attempt = await make(call, attempts >= XCALL_ATTEMPTS_MAX)
    // The node stops, or the context: that was no attempt.
    if (attempt === 'later' && this.#isIdle()) return
    // It may have taken effect, and something have failed behind it.
    if (attempt === 'later' && store.get(key) !== undefined) {
      const dueMs = nowMs() + XCALL_RETRY_MS * 2 ** row.attempts
      await store.batch([putXCall(key, { ...row, attempts, dueMs })])
      if (row.attempts === 0) this.#tried += 1
    } else {
      this.#waiting = Math.max(0, this.#waiting - 1)
      if (row.attempts > 0) this.#tried = Math.max(0, this.#tried - 1)
    }
  }

  #isIdle(): boolean {
    return this.#work.isClosed || !this.#parts.isHere()
  }
}
