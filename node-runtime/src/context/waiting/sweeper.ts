// Ageing of what waits (I4): once a minute, what has waited for five leaves memory and stays in the store. Too much even
// for that, and the oldest is forgotten and counted: no longer held here, it comes again with a pull.
import type { DeltaId } from '../../base/ids.ts'
import type { StoreOp } from '../../store/store.ts'
import type { Delta } from '../../wire/delta.ts'
import type { Intake } from '../apply/intake.ts'
import type { Ledger } from '../ledger.ts'
import { AGED_AFTER_MS, AGED_LOOK_SWEEPS, AGED_PAGE, SWEEP_MS } from '../limits.ts'
import type { ContextParts } from '../parts.ts'
import type { Pruner } from '../retention/pruner.ts'
import type { Turns } from '../turns.ts'
import type { Aged } from './aged.ts'
import type { ParkedItem } from './tally.ts'

type SweeperParts = Pick<ContextParts, 'rows' | 'dag' | 'again' | 'nowMs' | 'setTimer' | 'log'> & {
  readonly aged: Aged
  readonly intake: Intake
  readonly ledger: Ledger
  readonly pruner: Pick<Pruner, 'bound'>
  readonly turns: Turns
  /** Runs in the queue of the context. */
  readonly enqueue: (task: () => Promise<void>) => Promise<void>
  /** Looks at everything parked again, what waits for parents included. */
  readonly lookAtAll: () => Promise<void>
}

export class Sweeper {
  readonly #parts: SweeperParts
  /** When each that waits in memory was first seen by a sweep. */
  #seen = new Map<DeltaId, number>()
  #forgotten = 0
  #sweeps = 0
  #bound: string
  #cancel: (() => void) | undefined
  #closed = false

  constructor(parts: SweeperParts) {
    this.#parts = parts
    this.#bound = parts.pruner.bound
  }

  /** Aged ones that were too many, since the start. */
  get forgotten(): number {
    return this.#forgotten
  }

  /** Since when it waits here, as far as sweeps have seen it. */
  sinceMs(id: DeltaId): number | undefined {
    return this.#seen.get(id)
  }

  /** Something may wait now. */
  wake(): void {
    const { dag, intake, setTimer, log } = this.#parts
    if (this.#closed || this.#cancel || dag.pendingCount + intake.parkedCount === 0) return
    this.#cancel = setTimer(() => {
      this.#cancel = undefined
      this.#parts
        .enqueue(() => this.#sweep())
        .then(() => this.#lookAgain())
        .catch((error) => log.debug({ error: String(error) }, 'what waits was not swept'))
        .finally(() => this.wake())
    }, SWEEP_MS)
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
  }

  async #sweep(): Promise<void> {
    const { again, aged, dag, intake, ledger, nowMs, log } = this.#parts
    const now = nowMs()
    aged.settle()
    const seen = new Map<DeltaId, number>()
    const old: DeltaId[] = []
    for (const id of [...intake.inMemory(), ...[...dag.pending()].map((node) => node.id)]) {
      const sinceMs = this.#seen.get(id) ?? now
      // Parked, one would lose that its handlers have had their rows; they are no more than had counted.
      if (now - sinceMs >= AGED_AFTER_MS && !again.has(id)) old.push(id)
      else seen.set(id, sinceMs)
    }
    for (let start = 0; start < old.length; start += AGED_PAGE) await this.#age(old.slice(start, start + AGED_PAGE))
    this.#seen = seen
    if (old.length > 0) log.info({ count: old.length, waiting: aged.count }, 'what waits for long is in the store only')
    await this.#forget(await aged.tooMany())
    if (ledger.isHeld) ledger.show()
  }

  async #age(ids: readonly DeltaId[]): Promise<void> {
    const { rows, dag, intake, ledger, aged, turns } = this.#parts
    const ops: StoreOp[] = []
    const items: ParkedItem[] = []
    for (const id of ids) {
      const delta = rows.delta(id)
      if (!delta) continue
      items.push({ size: delta.sealed.byteLength, reason: rows.parkedRow(id)?.reason ?? 'parents' })
      if (!dag.has(id)) continue
      ops.push(rows.dropDelta(id), rows.park(delta, 'parents', this.#seen.get(id) ?? this.#parts.nowMs()))
      for (const parent of delta.parents) if (!dag.isReady(parent)) ops.push(rows.putAwaited(parent, id))
      await turns.spend(delta.sealed.byteLength)
    }
    if (ops.length > 0) await ledger.commit(ops)
    for (const id of ids) {
      intake.age(id)
      dag.forget(id)
    }
    aged.enter(items)
  }

  async #forget(deltas: readonly Delta[]): Promise<void> {
    const { rows, ledger, aged, log } = this.#parts
    for (let start = 0; start < deltas.length; start += AGED_PAGE) {
      const page = deltas.slice(start, start + AGED_PAGE)
      for (const { id } of page) aged.leave(id)
      await ledger.commit(page.flatMap((delta) => [rows.unpark(delta.id), ...rows.dropAwaitedBy(delta)]))
    }
    this.#forgotten += deltas.length
    if (deltas.length > 0)
      log.warn({ count: deltas.length }, 'the oldest that waited are forgotten; a pull brings them')
  }

  /** Where history was pruned meanwhile, what waits for pruned parents goes; and once in a while, whatever it waits for. */
  async #lookAgain(): Promise<void> {
    const { aged, pruner, lookAtAll } = this.#parts
    this.#sweeps += 1
    const isDue = pruner.bound !== this.#bound || this.#sweeps % AGED_LOOK_SWEEPS === 0
    this.#bound = pruner.bound
    if (isDue && aged.count > 0) await lookAtAll()
  }
}
