// The path of deltas from others: through the intake into the graph, and what becomes ready from there into the state,
// with the rows of its handlers, in batches.
import type { DeltaId } from '../../base/ids.ts'
import type { DagNode } from '../../dag/dag.ts'
import type { StoreOp } from '../../store/store.ts'
import type { Delta } from '../../wire/delta.ts'
import { ContextError } from '../errors.ts'
import { handlerRows } from '../handlers/handler-rows.ts'
import type { Ledger } from '../ledger.ts'
import { APPLY_BATCH_BYTES, APPLY_BATCH_MAX, COMPLETED_MAX } from '../limits.ts'
import { type ContextParts, nodeOf } from '../parts.ts'
import type { PeerId } from '../ports.ts'
import { putHandled } from '../retention/handled-rows.ts'
import type { Pruner } from '../retention/pruner.ts'
import type { Turns } from '../turns.ts'
import type { Aged } from '../waiting/aged.ts'
import type { Arrived } from './effects.ts'
import type { Folder } from './folder.ts'
import { isHandled } from './handled.ts'
import type { Intake } from './intake.ts'
import type { Revision } from './revision.ts'
import type { Voids } from './voids.ts'

export interface ReceiveResult {
  readonly applied: number
  readonly waiting: number
  readonly refused: number
}

const NOTHING: ReceiveResult = { applied: 0, waiting: 0, refused: 0 }

type Arrivals = ReadonlyMap<DeltaId, Arrived>

type ReceiverParts = Pick<
  ContextParts,
  'record' | 'rows' | 'dag' | 'identity' | 'hlc' | 'outbound' | 'again' | 'rewritten'
> & {
  readonly aged: Aged
  readonly pruner: Pruner
  readonly folder: Folder
  readonly intake: Intake
  readonly ledger: Ledger
  readonly revision: Revision
  readonly voids: Voids
  readonly turns: Turns
  readonly holds: (id: DeltaId) => boolean
  /** It counts, here for the first time or again. */
  readonly onCounting: (delta: Delta) => void
  /** So many rows for the queue of handlers were stored. */
  readonly onHandlers: (count: number) => void
}

export class Receiver {
  readonly #parts: ReceiverParts
  #behind = 0
  #evicted = 0
  /** Ready: whose children may be aged. */
  readonly #settled: DeltaId[] = []

  constructor(parts: ReceiverParts) {
    this.#parts = parts
  }

  /** Deltas refused because all that sorts there is pruned here, and they are not in it. */
  get behindCount(): number {
    return this.#behind
  }

  /** Deltas that waited for parents and were too many, since the start. */
  get evictedCount(): number {
    return this.#evicted
  }

  /** Runs in the queue of the context. `first` goes into the first batch. */
  async receive(
    deltas: readonly Delta[],
    from: PeerId | undefined,
    first: readonly StoreOp[] = [],
  ): Promise<ReceiveResult> {
    // Before anything arrives: so the state is never half by the old removals and half by the new.
    await this.#parts.revision.runIfDue()
    try {
      let result = await this.#take(deltas, from, first)
      while (this.#settled.length > 0) result = sum(result, await this.#takeAged())
      return result
    } catch (error) {
      // Memory is ahead of the store now, whatever went wrong.
      this.#parts.ledger.break(error)
      throw error
    }
  }

  /** What waited for long, and perhaps no more. */
  async #takeAged(): Promise<ReceiveResult> {
    const ops: StoreOp[] = []
    const woken = await this.#parts.aged.takeChildren(this.#settled, ops)
    if (ops.length === 0) return NOTHING
    this.#parts.intake.lookAt(woken)
    return this.#take(woken, undefined, ops)
  }

  async #take(deltas: readonly Delta[], from: PeerId | undefined, first: readonly StoreOp[]): Promise<ReceiveResult> {
    const { dag, hlc, intake, rewritten, rows, outbound, revision } = this.#parts
    const arrived = new Map<DeltaId, Arrived>()
    const ready: DagNode[] = []
    const ops: StoreOp[] = [...first]
    const missing = new Set<DeltaId>()
    const before = intake.refusedCount
    for (const delta of deltas) {
      if (intake.isWaiting(delta.id)) continue
      if (dag.isBeneath(delta.id)) {
        this.#refuseBehind(delta)
        continue
      }
      if (dag.has(delta.id)) {
        intake.leave(delta.id)
        continue
      }
      await this.#parts.turns.spend(delta.sealed.byteLength)
      const payload = intake.admit(delta, ops)
      if (payload === undefined) continue
      rewritten.add(delta)
      // Of what has counted nobody else may have a copy, own writes above all.
      const result = dag.receive(nodeOf(delta), COMPLETED_MAX, this.#parts.again.has(delta.id))
      this.#evicted += result.evicted.length
      for (const id of result.evicted) ops.push(rows.dropDelta(id))
      hlc.observe(delta.hlc)
      arrived.set(delta.id, { delta, payload })
      // One delta can complete thousands.
      for (let more = result.ready; more.length > 0; more = dag.receiveDue(COMPLETED_MAX)) {
        ready.push(...more)
        if (more.length === COMPLETED_MAX) await this.#parts.turns.pass()
      }
      if (result.outcome === 'pending') ops.push(rows.putDelta(delta, this.#waitingStatus(delta.id)))
      for (const id of result.missing) missing.add(id)
    }
    for (const { id } of ready) this.#settled.push(id)
    // In the first batch: a crash behind it must not leave what is judged by half.
    if (this.#parts.voids.completes(ready.map(({ id }) => id))) ops.push(this.#parts.ledger.unjudge())
    await this.#applyReady(ready, arrived, ops)
    // Also where a removal came meanwhile: what is shown is judged by one and the same.
    await revision.runIfDue()
    this.#parts.ledger.show()
    this.#parts.pruner.wake()
    const wanted = [...missing].filter((id) => !this.#parts.holds(id))
    if (wanted.length > 0) outbound.askForDeltas(this.#parts.record.id, wanted, from)
    return {
      applied: ready.length,
      waiting: arrived.size - ready.length,
      refused: intake.refusedCount - before,
    }
  }

  /** Its author learns of it from the checkpoint, and writes it again on the present heads. */
  #refuseBehind(delta: Delta): void {
    const { intake, pruner } = this.#parts
    intake.leave(delta.id)
    if (pruner.contains(delta)) return
    this.#behind += 1
    intake.refuse(delta, 'behind the checkpoint')
  }

  #waitingStatus(id: DeltaId): 'again' | 'pending' {
    return this.#parts.again.has(id) ? 'again' : 'pending'
  }

  async #applyReady(ready: readonly DagNode[], arrived: Arrivals, first: readonly StoreOp[]): Promise<void> {
    const { identity, rows } = this.#parts
    const nodes = [...ready].sort(this.#parts.dag.compare)
    let ops = [...first]
    let countMax = APPLY_BATCH_MAX
    for (let start = 0; start < nodes.length; ) {
      const next = await this.#nextBatch(nodes.slice(start, start + countMax), arrived)
      const left = nodes.slice(start)
      const isVoid = next.map(({ delta }) => this.#parts.voids.isVoid(delta))
      const wanted = next.filter((_, index) => !isVoid[index])
      const fold = await this.#parts.folder.fold(wanted).catch((error) => this.#postpone(error, left, arrived, ops))
      const counting = wanted.slice(0, fold.count)
      // Where it was full: what comes behind that goes into the next one.
      const beyond = wanted[fold.count]
      const batch = beyond === undefined ? next : next.slice(0, next.indexOf(beyond))
      // Else all that follows is run each time, and little of it stored.
      countMax = Math.min(APPLY_BATCH_MAX, 2 * (beyond === undefined ? countMax : batch.length))
      // Of many: the roots of a batch take as long as its merges, and what is written for it does again.
      if (batch.length < left.length) await this.#parts.turns.spend(0)
      const fresh = counting.filter(({ delta }) => !isHandled(delta, this.#parts))
      const before = ops.length
      for (const entry of fresh) ops.push(...handlerRows(rows, identity.publicKey, entry))
      const handlers = ops.length - before
      batch.forEach(({ delta }, index) => {
        if (isVoid[index]) ops.push(rows.putDelta(delta, this.#parts.again.has(delta.id) ? 'voided' : 'void'))
      })
      await this.#commit([...ops, ...fold.ops])
      fold.committed()
      if (handlers > 0) this.#parts.onHandlers(handlers)
      ops = []
      for (const { delta, payload } of fresh) this.#parts.ledger.emit(delta.id, payload.events)
      for (const { delta } of counting) this.#parts.onCounting(delta)
      start += batch.length
      if (start < nodes.length) await this.#parts.turns.pass()
    }
    if (ops.length > 0) await this.#commit(ops)
  }

  async #commit(ops: readonly StoreOp[]): Promise<void> {
    await this.#parts.ledger.commit(ops)
    this.#parts.intake.stored()
  }

  /**
   * A delta took this machine too long: it is parked, the others wait in the store, and the context is read again. It
   * never decides what the state is (I1).
   */
  async #postpone(error: unknown, left: readonly DagNode[], arrived: Arrivals, ops: StoreOp[]): Promise<never> {
    if (!(error instanceof ContextError) || error.code !== 'APPLY_POSTPONED') throw error
    const { rows, intake } = this.#parts
    const { deltaId } = error.data
    // Where it was one of the state that is applied again, on top of them: the first of those that go beneath it.
    const tooSlow = left.some(({ id }) => id === deltaId) ? deltaId : left[0]?.id
    for (const { id } of left) {
      const known = arrived.get(id)?.delta
      // What waited for its parents is in the store already.
      if (known && id !== tooSlow) ops.push(rows.putDelta(known, this.#waitingStatus(id)))
      if (id !== tooSlow) continue
      const delta = known ?? rows.delta(id)
      if (!delta) continue
      // What was in the graph stays where removals and checkpoints find it.
      if (rows.hasCounted(id)) ops.push(rows.putDelta(delta, 'again'))
      else if (!rows.wasReady(id)) ops.push(rows.dropDelta(id), ...this.#noteCounted(id))
      intake.park(delta, 'machine', ops)
    }
    await this.#commit(ops)
    throw error
  }

  /** Its row goes, and it will come again: its handlers have had theirs, where that row says so. */
  #noteCounted(id: DeltaId): StoreOp[] {
    const { record, rows, again } = this.#parts
    return again.has(id) || rows.hasCounted(id) ? [putHandled(record.id, id)] : []
  }

  async #nextBatch(nodes: readonly DagNode[], arrived: Arrivals): Promise<Arrived[]> {
    const batch: Arrived[] = []
    let bytes = 0
    for (const node of nodes) {
      const entry = this.#arrivedOf(node, arrived)
      // What counts of the two is judged by what is stored.
      if (batch.some(({ delta }) => entry.delta.rewrites?.includes(delta.id))) break
      batch.push(entry)
      bytes += entry.delta.sealed.byteLength
      // What waited was read from the store and opened.
      if (!arrived.has(node.id)) await this.#parts.turns.spend(entry.delta.sealed.byteLength)
      if (bytes >= APPLY_BATCH_BYTES) break
    }
    return batch
  }

  /** A delta that has become ready: from this arrival, or one that waited in the store for its parents. */
  #arrivedOf(node: DagNode, arrived: Arrivals): Arrived {
    const known = arrived.get(node.id)
    if (known) return known
    const delta = this.#parts.rows.delta(node.id)
    if (!delta) throw new Error(`delta ${node.id} waits for its parents but is not in the store`)
    return { delta, payload: this.#parts.folder.open(delta) }
  }
}

function sum(a: ReceiveResult, b: ReceiveResult): ReceiveResult {
  return { applied: a.applied + b.applied, waiting: a.waiting + b.waiting, refused: a.refused + b.refused }
}
