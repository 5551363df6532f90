// Contexts that are read again because their state is damaged, or is doubted: noted on the disk first, so that no start forgets it,
// then made anew from what the disk has. Where it has nothing, the context is read without a state, and a member is asked.
import { type ContextId, idBase58 } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'
import { stateMetaKey } from '../../storage/state-meta.ts'
import type { Store } from '../../store/store.ts'
import { ContextStore } from '../context-store.ts'
import { ContextError } from '../errors.ts'
import { MENDS_MAX, MENDS_MS } from '../limits.ts'
import type { ContextRecord } from '../parts.ts'
import type { Receipts } from '../retention/receipts.ts'
import { damageIn } from './damage.ts'
import { rebase } from './rebase.ts'

interface MendedParts {
  readonly store: Store
  readonly receipts: Receipts
  readonly nowMs: () => number
  readonly log: Logger
}

export class Mended {
  readonly #parts: MendedParts
  /** Noted, and not on the disk yet: why. */
  readonly #noted = new Map<ContextId, string>()
  /** When each was made anew lately. */
  readonly #madeMs = new Map<ContextId, readonly number[]>()

  constructor(parts: MendedParts) {
    this.#parts = parts
  }

  /** False: it is something else. */
  note(id: ContextId, error: unknown): boolean {
    const damage = damageIn(error)
    if (damage === undefined) return false
    const { log } = this.#parts
    const { why, isSeen } = damage
    if (isSeen) log.error({ contextId: id, why }, 'the state of a context is damaged on this disk: it is made anew')
    else log.info({ contextId: id, why }, 'the state of a context is folded anew')
    this.#noted.set(id, why)
    return true
  }

  /** Reads it by `open` once its state is made anew, if that was due. Where only `open` meets the damage, a second time. */
  async read<T>(record: ContextRecord, open: () => Promise<T>): Promise<T> {
    const { store } = this.#parts
    // With its record a context has a state.
    if (store.get(stateMetaKey(record.id)) === undefined) this.#noteGone(record.id)
    await this.#mend(record)
    try {
      return await open()
    } catch (error) {
      if (!this.note(record.id, error)) throw error
    }
    await this.#mend(record)
    return open()
  }

  #noteGone(id: ContextId): void {
    if (this.#noted.has(id)) return
    const why = 'its record is gone from the store'
    this.#parts.log.error({ contextId: id, why }, 'the state of a context is damaged on this disk: it is made anew')
    this.#noted.set(id, why)
  }

  async #mend(record: ContextRecord): Promise<void> {
    const { store, log } = this.#parts
    const rows = new ContextStore(store, record.id)
    const noted = this.#noted.get(record.id)
    if (noted !== undefined) await store.batch([rows.putDamage(noted)])
    this.#noted.delete(record.id)
    const damage = rows.damage()
    if (damage === undefined || damage.replaced) return
    const contextId = record.id
    if (await this.#rebase(record, damage.why)) log.info({ contextId }, 'a state is made anew from this disk')
    else log.warn({ contextId }, 'a damaged state cannot be made anew from this disk: a member is asked for it')
  }

  async #rebase(record: ContextRecord, why: string): Promise<boolean> {
    const { store, receipts, nowMs } = this.#parts
    const { id } = record
    const lately = (this.#madeMs.get(id) ?? []).filter((madeMs) => nowMs() - madeMs < MENDS_MS)
    const release = lately.length < MENDS_MAX ? receipts.hold(id) : undefined
    if (release === undefined) {
      throw new ContextError(
        'CONTEXT_BUSY',
        `the state of context ${idBase58(id)} is damaged, and cannot be made anew yet; retry`,
      )
    }
    this.#madeMs.set(id, [...lately, nowMs()])
    try {
      return await rebase(store, record, why)
    } finally {
      release()
    }
  }
}
