// Handlers that cannot succeed, as one context keeps them: an operator sees why, and runs one again or drops it.
import { type Bytes, fromHex } from '../../base/bytes.ts'
import type { Logger } from '../../base/log.ts'
import type { Store, StoreOp } from '../../store/store.ts'
import type { HandlerRow } from '../../wire/records.ts'
import type { ContextStore } from '../context-store.ts'
import { ContextError } from '../errors.ts'
import { DEAD_LETTERS_MAX } from '../limits.ts'

export interface DeadLettersParts {
  readonly rows: ContextStore
  readonly store: Store
  readonly nowMs: () => number
  readonly log: Logger
}

/** Bytes of a letter's id: stamp, delta, number of the event. */
const PLACE_BYTES = 8 + 32 + 4

export class DeadLetters {
  readonly #parts: DeadLettersParts
  #count = 0
  #dropped = 0
  #counted = false

  constructor(parts: DeadLettersParts) {
    this.#parts = parts
  }

  /** As of the last look at the store: exact once the queue of handlers has run. */
  get count(): number {
    return this.#count
  }

  /** Forgotten at the cap since the start. */
  get dropped(): number {
    return this.#dropped
  }

  /** What the store holds from earlier. Once, before the first is added. */
  async open(): Promise<void> {
    if (this.#counted) return
    let count = 0
    for await (const _ of this.#parts.rows.deadLetters()) count += 1
    this.#count = count
    this.#counted = true
  }

  /** `remove` takes its row out of the queue in the same batch. At the cap the one of the oldest delta goes. */
  async bury(remove: StoreOp, row: HandlerRow, why: string): Promise<void> {
    const { rows, store, nowMs, log } = this.#parts
    log.error({ handler: row.handler, event: row.kind, error: why }, 'handler moved to the dead letters')
    // Nothing is due any more: the time says when it was given up.
    const ops = [remove, rows.putDeadLetter(remove.key, { ...row, state: 'dead', error: why, dueMs: nowMs() })]
    const oldest = this.#count >= DEAD_LETTERS_MAX ? await this.#oldest() : undefined
    if (oldest) ops.push(rows.dropDeadLetter(oldest))
    await store.batch(ops)
    if (oldest) this.#dropped += 1
    else this.#count += 1
  }

  /** Puts it back into the queue as if it had never been tried. Runs in the queue of the context. */
  async retry(id: string): Promise<void> {
    const { rows, store, log } = this.#parts
    const { place, row } = this.#find(id)
    const queued: HandlerRow = { ...row, state: 'queued', attempts: 0, dueMs: 0, error: null }
    await store.batch([rows.dropDeadLetter(place), rows.putHandler(rows.handlerAt(place), queued)])
    this.#count -= 1
    log.info({ handler: row.handler, event: row.kind }, 'dead letter put back into the queue')
  }

  /** Runs in the queue of the context. */
  async drop(id: string): Promise<void> {
    const { rows, store, log } = this.#parts
    const { place, row } = this.#find(id)
    await store.batch([rows.dropDeadLetter(place)])
    this.#count -= 1
    log.info({ handler: row.handler, event: row.kind }, 'dead letter dropped')
  }

  /** Throws DEAD_LETTER_NOT_FOUND. */
  #find(id: string): { readonly place: Bytes; readonly row: HandlerRow } {
    const place = /^([0-9a-f]{2})+$/.test(id) ? fromHex(id) : undefined
    const row = place?.byteLength === PLACE_BYTES ? this.#parts.rows.deadLetter(place) : undefined
    if (place && row) return { place, row }
    const message = `there is no dead letter ${shown(id)} in this context; it may have been retried or dropped`
    throw new ContextError('DEAD_LETTER_NOT_FOUND', message)
  }

  async #oldest(): Promise<Bytes | undefined> {
    for await (const { place } of this.#parts.rows.deadLetters()) return place
    return undefined
  }
}

/** As it was asked for, but no longer than an id is. */
function shown(id: string): string {
  return JSON.stringify(id.slice(0, 2 * PLACE_BYTES))
}
