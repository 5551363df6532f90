// What a peer's delta must pass before the graph sees it: it is genuine, its author may write, its key is here. What is
// only early is parked in the store; what can never pass is refused and counted (I4).
import type { DeltaId } from '../../base/ids.ts'
import type { StoreOp } from '../../store/store.ts'
import { codeCutOf, type Delta, type DeltaPayload, openDelta, verifyDelta } from '../../wire/delta.ts'
import {
  PARKED_BYTES_MAX,
  PARKED_MAX,
  PARKED_PAGE,
  PARKED_PAGE_BYTES,
  RECONSIDER_MS,
  REFUSED_REMEMBERED_MAX,
} from '../limits.ts'
import type { Upgrader } from '../migration/upgrader.ts'
import type { ContextParts } from '../parts.ts'
import type { Aged } from '../waiting/aged.ts'
import { type ParkedItem, type ParkedReason, Tally } from '../waiting/tally.ts'
import { isFromTheFuture } from './future.ts'
import type { Wholeness } from './wholeness.ts'

type IntakeParts = Pick<
  ContextParts,
  'record' | 'rows' | 'authority' | 'code' | 'nowMs' | 'setTimer' | 'onKeyMissing' | 'log'
> & {
  /** What is parked for long. */
  readonly aged: Aged
  readonly upgrader: Pick<Upgrader, 'versions'>
  readonly wholeness: Wholeness
  /** Look at the parked deltas again. */
  readonly reconsider: (look: Look) => Promise<void>
}

/**
 * Which of the parked: those that keys, code or governance may have come for; also those that this machine was too slow for, which
 * costs it as much again; also those that wait for parents.
 */
export type Look = 'woken' | 'due' | 'all'

export class Intake {
  readonly #parts: IntakeParts
  /** Oldest first, without what is aged: the deltas themselves are in the store. */
  readonly #parked = new Map<DeltaId, ParkedItem>()
  readonly #tally = new Tally()
  #parkedBytes = 0
  /** Of these, oldest first, what has never counted: looked up once each, however many have. */
  readonly #forgettable = new Set<DeltaId>()
  #forgotten = 0
  /** The parent of one that is parked may have come right before a crash. */
  #fromBefore = true
  /** Of these, the page that is being looked at. */
  readonly #lookedAt = new Set<DeltaId>()
  /** Of the last page, what each has waited for: the log has said so. */
  #said: ReadonlyMap<DeltaId, ParkedReason> = new Map()
  /** Parked in the batch under way: it may fail. */
  readonly #unsaid = new Map<DeltaId, ParkedReason>()
  #refused = 0
  /** For ever, by what their ids are the hash of; oldest first. */
  readonly #refusedForEver = new Set<DeltaId>()
  #cancelReconsider: (() => void) | undefined
  #closed = false

  constructor(parts: IntakeParts) {
    this.#parts = parts
    if (parts.aged.count > 0) this.#reconsiderLater()
  }

  get parkedCount(): number {
    return this.#parked.size + this.#parts.aged.count
  }

  /** Of the parked ones. */
  parkedFor(reason: ParkedReason): number {
    return this.#tally.of(reason) + this.#parts.aged.tally.of(reason)
  }

  /** Parked ones that were too many, since the start. */
  get forgottenCount(): number {
    return this.#forgotten
  }

  inMemory(): Iterable<DeltaId> {
    return this.#parked.keys()
  }

  get refusedCount(): number {
    return this.#refused
  }

  isParked(id: DeltaId): boolean {
    return this.#parked.has(id) || this.#parts.aged.has(id)
  }

  /** True for what can never be taken here, as far as it is remembered: it need not come again. */
  isRefused(id: DeltaId): boolean {
    return this.#refusedForEver.has(id)
  }

  /** Parked, and not being looked at again now. */
  isWaiting(id: DeltaId): boolean {
    return !this.#lookedAt.has(id) && this.isParked(id)
  }

  /** It is parked no longer, or not yet again. */
  leave(id: DeltaId): void {
    this.#lookedAt.delete(id)
    if (!this.age(id)) this.#parts.aged.leave(id)
  }

  /** It leaves memory, if it is there, and stays parked. */
  age(id: DeltaId): boolean {
    const item = this.#parked.get(id)
    if (!item) return false
    this.#parkedBytes -= item.size
    this.#tally.add(item.reason, -1)
    this.#forgettable.delete(id)
    return this.#parked.delete(id)
  }

  /**
   * The next page of parked deltas, by id from behind `after` on, with `ops` that take them out of the store. Each counts
   * as parked until `admit` has looked at it; what is still early is parked again there. Empty at the end. The arrival of
   * parents wakes what waits for them, and a timer what was too slow.
   */
  async takeParked(after: DeltaId | undefined, ops: StoreOp[], look: Look): Promise<Delta[]> {
    const { rows } = this.#parts
    const page: Delta[] = []
    const said = new Map<DeltaId, ParkedReason>()
    let bytes = 0
    for await (const { delta, reason } of rows.parkedRows(after)) {
      if (reason === 'parents' && look !== 'all') continue
      if (reason === 'machine' && look === 'woken') continue
      if (reason === 'parents') ops.push(...rows.dropAwaitedBy(delta))
      page.push(delta)
      said.set(delta.id, reason)
      bytes += delta.sealed.byteLength
      if (page.length >= PARKED_PAGE || bytes >= PARKED_PAGE_BYTES) break
    }
    for (const { id } of page) ops.push(rows.unpark(id))
    this.lookAt(page, said)
    return page
  }

  /** The batch under way takes them out of the store. */
  lookAt(page: readonly Delta[], said: ReadonlyMap<DeltaId, ParkedReason> = new Map()): void {
    for (const { id } of page) this.#lookedAt.add(id)
    this.#said = said
  }

  /** The payload of a delta that may go on; undefined for one that was parked or refused. Adds to the batch `ops`. */
  admit(delta: Delta, ops: StoreOp[]): DeltaPayload | undefined {
    this.leave(delta.id)
    const { authority, record, nowMs } = this.#parts
    if (delta.contextId !== record.id) return this.refuse(delta, 'it names another context')
    // Not for ever: the id does not depend on the signature, and the same delta may come with the right one.
    if (!verifyDelta(delta)) return this.refuse(delta, 'its signature is not its author’s')
    if (isFromTheFuture(delta.hlc, nowMs())) return this.park(delta, 'future', ops)
    const judgement = authority.judge(record.id, delta)
    if (judgement === 'no') return this.#refuseForEver(delta, 'its author may not write, or not with this key')
    if (judgement === 'not-yet') return this.park(delta, 'governance', ops)
    if (this.#lacksCode(delta)) return this.park(delta, 'code', ops)
    const key = authority.openingKey(record.groupId, delta.keyId)
    if (!key) {
      this.#parts.onKeyMissing()
      return this.park(delta, 'key', ops)
    }
    try {
      return openDelta(delta, key)
    } catch (error) {
      return this.refuse(delta, error instanceof Error ? error.message : String(error))
    }
  }

  /**
   * Of an application with a state of its own the code that has made it applies it: it may have been another. Of any, code says
   * for which version of the state it was made.
   */
  #lacksCode(delta: Delta): boolean {
    const { record, authority, code, upgrader } = this.#parts
    if (upgrader.versions.of(delta) === undefined) return true
    const applicationId = authority.applicationAt(record.id, codeCutOf(delta))
    if (record.storage === 'host' || applicationId === undefined) return false
    if (code.storageOf(applicationId) !== undefined) return false
    code.want(applicationId)
    return true
  }

  refuse(delta: Delta, reason: string): undefined {
    this.#refused += 1
    this.#parts.log.debug({ deltaId: delta.id, author: delta.author, reason }, 'delta refused')
    return undefined
  }

  #refuseForEver(delta: Delta, reason: string): undefined {
    this.#refusedForEver.add(delta.id)
    const [oldest] = this.#refusedForEver
    if (this.#refusedForEver.size > REFUSED_REMEMBERED_MAX && oldest) this.#refusedForEver.delete(oldest)
    return this.refuse(delta, reason)
  }

  close(): void {
    this.#closed = true
    this.#cancelReconsider?.()
  }

  /** At a cap the oldest is forgotten; pulling brings it back. Not what was in the graph: its row there says that it is held. */
  park(delta: Delta, reason: ParkedReason, ops: StoreOp[]): undefined {
    const { rows, nowMs, wholeness } = this.#parts
    const size = delta.sealed.byteLength
    this.#parked.set(delta.id, { size, reason })
    this.#parkedBytes += size
    this.#tally.add(reason)
    const wasReady = rows.wasReady(delta.id)
    if (!wasReady) this.#forgettable.add(delta.id)
    ops.push(rows.park(delta, reason, wasReady ? wholeness.lack(delta) : nowMs()))
    for (const oldest of this.#forgettable) {
      if (this.#parked.size <= PARKED_MAX && this.#parkedBytes <= PARKED_BYTES_MAX) break
      this.age(oldest)
      this.#forgotten += 1
      ops.push(rows.unpark(oldest))
    }
    if (reason === 'future' || reason === 'machine') this.#reconsiderLater()
    // Also where it was let in meanwhile, and is too slow once more.
    if (this.#said.get(delta.id) !== reason) this.#unsaid.set(delta.id, reason)
    return undefined
  }

  /** The batch under way is written: what it parked is said, once for each thing that it waits for. */
  stored(): void {
    for (const [deltaId, reason] of this.#unsaid) this.#parts.log.info({ deltaId, reason }, 'delta parked')
    this.#unsaid.clear()
  }

  /** Keys and governance wake a context when they come; time has to be looked at. */
  #reconsiderLater(): void {
    if (this.#closed || this.#cancelReconsider) return
    this.#cancelReconsider = this.#parts.setTimer(() => {
      this.#cancelReconsider = undefined
      const all = this.#fromBefore
      this.#fromBefore = false
      this.#parts.reconsider(all ? 'all' : 'due').catch((error) => {
        this.#parts.log.debug({ error: String(error) }, 'parked deltas not looked at; it is repeated')
        this.#fromBefore ||= all
        this.#reconsiderLater()
      })
    }, RECONSIDER_MS)
  }
}
