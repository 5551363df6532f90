// The durable queue of event handlers of one context (I3). A row enters in the batch that applies its delta and leaves
// in the batch of the handler's own call, so each event is handled exactly once on this node, across crashes; of a member that
// may only read that batch holds nothing else (ADR 0027). Those that are due run in canonical order of their deltas; one that
// waits for its next attempt holds up no other.
import type { Bytes } from '../../base/bytes.ts'
import type { Logger } from '../../base/log.ts'
import type { Store, StoreOp } from '../../store/store.ts'
import { decodeRow, type HandlerRow } from '../../wire/records.ts'
import type { ContextStore } from '../context-store.ts'
import { DueWork } from '../due-work.ts'
import { ContextError } from '../errors.ts'
import {
  HANDLER_ATTEMPTS_MAX,
  HANDLER_DEPTH_MAX,
  HANDLER_PAGE,
  HANDLER_PAGE_REST_MS,
  HANDLER_RETRY_FIRST_MS,
  HANDLER_RETRY_LAST_MS,
} from '../limits.ts'
import type { DeadLetters } from './dead-letters.ts'

export interface HandlerTask {
  readonly key: Bytes
  readonly row: HandlerRow
  /** Goes into the batch of the handler's call. */
  readonly settle: readonly StoreOp[]
}

export interface HandlerQueueParts {
  readonly rows: ContextStore
  readonly store: Store
  /** Rows that are there already. */
  readonly handlersStored: number
  readonly nowMs: () => number
  readonly setTimer: (fn: () => void, delayMs: number) => () => void
  readonly run: (task: HandlerTask) => Promise<void>
  readonly deadLetters: DeadLetters
  readonly log: Logger
}

/** When it is due again; `done`: it has left the queue. `not now`: nothing can run, and it stays as it is. */
type Handled = number | 'done' | 'not now'

export class HandlerQueue {
  readonly #parts: HandlerQueueParts
  readonly #work: DueWork
  #waiting: number
  #lookedAtMs = 0
  #restMs = 0

  constructor(parts: HandlerQueueParts) {
    this.#parts = parts
    this.#waiting = parts.handlersStored
    this.#work = new DueWork({
      ...{ nowMs: parts.nowMs, setTimer: parts.setTimer, retryMs: HANDLER_RETRY_LAST_MS },
      look: () => this.#drain(),
      onFailed: (error) => parts.log.error({ error: String(error) }, 'handler queue stopped; it is tried again'),
    })
  }

  /** All whose row is in the store. For a moment more, where some come while they are counted; never fewer. */
  get waiting(): number {
    return this.#waiting
  }

  /** So many more are in the store. Called before anybody can see what brought them. */
  added(count: number): void {
    this.#waiting += count
    this.wake()
  }

  /** Looks at the queue soon; many calls make one look. */
  wake(): void {
    this.#work.wake()
  }

  async close(): Promise<void> {
    await this.#work.close()
  }

  async #drain(): Promise<number> {
    const { nowMs, deadLetters } = this.#parts
    await deadLetters.open()
    const sinceMs = nowMs() - this.#lookedAtMs
    // Not where the clock has stepped back.
    if (sinceMs >= 0 && sinceMs < this.#restMs) return this.#lookedAtMs + this.#restMs
    const nextDueMs = await this.#look()
    this.#lookedAtMs = nowMs()
    this.#restMs = Math.floor(this.#waiting / HANDLER_PAGE) * HANDLER_PAGE_REST_MS
    return nextDueMs
  }

  /**
   * At as many as there are now: what comes meanwhile wakes the next look, and keeps those in front from none. Resolves to
   * when the first of them is due again.
   */
  async #look(): Promise<number> {
    const { rows, nowMs } = this.#parts
    let nextDueMs = Number.POSITIVE_INFINITY
    const before = this.#waiting
    let page = await this.#page()
    const found = page.length < HANDLER_PAGE ? page.length : await rows.countHandlers()
    // What was added meanwhile may be among these, too: the look that it has woken comes next, and sets that right.
    this.#waiting += found - before
    for (let left = found; page.length > 0; ) {
      for (const { key, row } of page) {
        if (this.#work.isClosed) return Number.POSITIVE_INFINITY
        const handled = row.dueMs > nowMs() ? row.dueMs : await this.#handle(key, row)
        if (handled === 'not now') return nowMs() + HANDLER_RETRY_FIRST_MS
        if (handled === 'done') this.#waiting -= 1
        else nextDueMs = Math.min(nextDueMs, handled)
      }
      left -= page.length
      page = left > 0 ? await this.#page(page.at(-1)?.key) : []
    }
    return nextDueMs
  }

  async #page(after?: Bytes): Promise<{ key: Bytes; row: HandlerRow }[]> {
    const page: { key: Bytes; row: HandlerRow }[] = []
    for await (const [key, value] of this.#parts.rows.handlers(HANDLER_PAGE, after)) {
      page.push({ key, row: decodeRow<HandlerRow>('handler row', value) })
    }
    return page
  }

  async #handle(key: Bytes, row: HandlerRow): Promise<Handled> {
    const { run, log } = this.#parts
    const remove: StoreOp = { type: 'del', key }
    if (row.depth > HANDLER_DEPTH_MAX) {
      await this.#parts.deadLetters.bury(remove, row, `handlers caused handlers more than ${HANDLER_DEPTH_MAX} deep`)
      return 'done'
    }
    try {
      await run({ key, row, settle: [remove] })
      log.debug({ handler: row.handler, event: row.kind }, 'handler done')
    } catch (error) {
      if (error instanceof ContextError && NOT_NOW.has(error.code)) return 'not now'
      return this.#failed(remove, key, row, error)
    }
    return 'done'
  }

  async #failed(remove: StoreOp, key: Bytes, row: HandlerRow, error: unknown): Promise<Handled> {
    const { rows, store, nowMs, log } = this.#parts
    // Its batch is stored, and something has failed behind it.
    if (store.get(key) === undefined) return 'done'
    const message = error instanceof Error ? error.message : String(error)
    const attempts = row.attempts + 1
    if (attempts >= HANDLER_ATTEMPTS_MAX || isHopeless(error)) {
      await this.#parts.deadLetters.bury(remove, { ...row, attempts }, message)
      return 'done'
    }
    const dueMs = nowMs() + Math.min(HANDLER_RETRY_FIRST_MS * 2 ** row.attempts, HANDLER_RETRY_LAST_MS)
    log.warn({ handler: row.handler, attempts, error: message }, 'handler failed; it will be retried')
    await store.batch([rows.putHandler(key, { ...row, attempts, dueMs, error: message })])
    return dueMs
  }
}

/** The context is full, stopping, or being read again, or a rotated key or lost code is under way: nothing was tried. */
const NOT_NOW: ReadonlySet<string> = new Set(['CONTEXT_BUSY', 'CONTEXT_FAILED', 'GROUP_KEY_PENDING', 'CODE_LACKING'])

/** The handler is not there at all: another attempt sees the same. */
function isHopeless(error: unknown): boolean {
  return error instanceof ContextError && error.code === 'GUEST_FAILED' && error.data.kind === 'method_not_found'
}
