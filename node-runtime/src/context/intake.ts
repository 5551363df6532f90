// What a peer's delta must pass before the graph sees it: it is genuine, its author may write, its key is here. What is
// only early is parked in the store; what can never pass is refused and counted (I4).
import type { DeltaId } from '../base/ids.ts'
import type { StoreOp } from '../store/store.ts'
import { type Delta, type DeltaPayload, openDelta, verifyDelta } from '../wire/delta.ts'
import type { ParkedRow } from '../wire/records.ts'
import { isFromTheFuture } from './future.ts'
import { FUTURE_CHECK_MS, PARKED_MAX } from './limits.ts'
import type { ContextParts } from './parts.ts'

type IntakeParts = Pick<ContextParts, 'record' | 'rows' | 'authority' | 'nowMs' | 'setTimer' | 'parked' | 'log'> & {
  /** Look at the parked deltas again. */
  readonly reconsider: () => Promise<void>
}

export class Intake {
  readonly #parts: IntakeParts
  readonly #parked: Map<DeltaId, Delta>
  #refused = 0
  #cancelReconsider: (() => void) | undefined

  constructor(parts: IntakeParts) {
    this.#parts = parts
    this.#parked = new Map(parts.parked)
  }

  get parkedCount(): number {
    return this.#parked.size
  }

  get refusedCount(): number {
    return this.#refused
  }

  isParked(id: DeltaId): boolean {
    return this.#parked.has(id)
  }

  /** Empties the parking place; what is still early comes back through `admit`. */
  takeParked(): Delta[] {
    const waiting = [...this.#parked.values()]
    this.#parked.clear()
    return waiting
  }

  /** The payload of a delta that may go on; undefined for one that was parked or refused. Adds to the batch `ops`. */
  admit(delta: Delta, ops: StoreOp[]): DeltaPayload | undefined {
    const { authority, record, nowMs, rows } = this.#parts
    if (delta.contextId !== record.id) return this.refuse(delta, 'it names another context')
    if (!verifyDelta(delta)) return this.refuse(delta, 'its signature is not its author’s')
    if (isFromTheFuture(delta.hlc, nowMs())) return this.#park(delta, 'future', ops)
    const judgement = authority.judge(record.id, delta.author, delta.governance)
    if (judgement === 'no') return this.refuse(delta, 'its author may not write')
    if (judgement === 'not-yet') return this.#park(delta, 'governance', ops)
    const key = authority.openingKey(record.groupId, delta.keyId)
    if (!key) return this.#park(delta, 'key', ops)
    try {
      const payload = openDelta(delta, key)
      ops.push(rows.unpark(delta.id))
      return payload
    } catch (error) {
      return this.refuse(delta, error instanceof Error ? error.message : String(error))
    }
  }

  refuse(delta: Delta, reason: string): undefined {
    this.#refused += 1
    this.#parts.log.warn({ deltaId: delta.id, author: delta.author, reason }, 'delta refused')
    return undefined
  }

  close(): void {
    this.#cancelReconsider?.()
  }

  #park(delta: Delta, reason: ParkedRow['reason'], ops: StoreOp[]): undefined {
    const { rows, nowMs, log } = this.#parts
    if (this.#parked.size >= PARKED_MAX) {
      const oldest = this.#parked.keys().next()
      if (!oldest.done) {
        this.#parked.delete(oldest.value)
        ops.push(rows.unpark(oldest.value))
      }
    }
    this.#parked.set(delta.id, delta)
    if (reason === 'future') this.#reconsiderLater()
    ops.push(rows.park(delta, reason, nowMs()))
    log.info({ deltaId: delta.id, reason }, 'delta parked')
    return undefined
  }

  /** Keys and governance wake a context when they come; time has to be looked at. */
  #reconsiderLater(): void {
    if (this.#cancelReconsider) return
    this.#cancelReconsider = this.#parts.setTimer(() => {
      this.#cancelReconsider = undefined
      this.#parts.reconsider().catch((error) => {
        this.#parts.log.debug({ error: String(error) }, 'parked deltas not looked at')
      })
    }, FUTURE_CHECK_MS)
  }
}
