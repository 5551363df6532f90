// The path of deltas from others: through the intake into the graph, and what becomes ready from there into the state,
// with the rows of its handlers, in batches.
import type { DeltaId } from '../base/ids.ts'
import type { DagNode } from '../dag/dag.ts'
import type { StoreOp } from '../store/store.ts'
import type { Delta, DeltaPayload } from '../wire/delta.ts'
import { ContextError } from './errors.ts'
import type { Arrived, Folder } from './folder.ts'
import type { Intake } from './intake.ts'
import type { Ledger } from './ledger.ts'
import { APPLY_BATCH_MAX } from './limits.ts'
import { type ContextParts, nodeOf } from './parts.ts'
import type { PeerId } from './ports.ts'

export interface ReceiveResult {
  readonly applied: number
  readonly waiting: number
  readonly refused: number
}

type ReceiverParts = Pick<ContextParts, 'record' | 'rows' | 'dag' | 'identity' | 'hlc' | 'outbound'> & {
  readonly folder: Folder
  readonly intake: Intake
  readonly ledger: Ledger
  readonly holds: (id: DeltaId) => boolean
  /** Rows for the queue of handlers were stored. */
  readonly onHandlers: () => void
}

export class Receiver {
  readonly #parts: ReceiverParts
  /** In the graph, and not in the store yet. Kept when a write fails: the store never gets them from this instance. */
  readonly #unstored = new Set<DeltaId>()

  constructor(parts: ReceiverParts) {
    this.#parts = parts
  }

  /** Ids of ready deltas outside the closure of `have`, ancestors first, of those that are in the store. */
  storedNotIn(have: readonly DeltaId[], limit: number): DeltaId[] {
    const ids = this.#parts.dag.ancestorsMissing(have, limit + this.#unstored.size)
    return ids.filter((id) => !this.#unstored.has(id)).slice(0, limit)
  }

  /** Runs in the queue of the context. `first` goes into the first batch. */
  async receive(
    deltas: readonly Delta[],
    from: PeerId | undefined,
    first: readonly StoreOp[] = [],
  ): Promise<ReceiveResult> {
    const { dag, hlc, rows, outbound } = this.#parts
    const arrived = new Map<DeltaId, { delta: Delta; payload: DeltaPayload }>()
    const ready: DagNode[] = []
    const ops: StoreOp[] = [...first]
    const missing = new Set<DeltaId>()
    const before = this.#parts.intake.refusedCount
    for (const delta of deltas) {
      if (this.#parts.holds(delta.id)) continue
      const payload = this.#parts.intake.admit(delta, ops)
      if (payload === undefined) continue
      const result = dag.receive(nodeOf(delta))
      for (const id of [...result.evicted, ...result.invalid]) ops.push(rows.dropDelta(id))
      if (result.outcome === 'invalid') {
        this.#parts.intake.refuse(delta, result.reason ?? 'invalid')
        continue
      }
      hlc.observe(delta.hlc)
      arrived.set(delta.id, { delta, payload })
      for (const node of result.ready) {
        ready.push(node)
        this.#unstored.add(node.id)
      }
      if (result.outcome === 'pending') ops.push(rows.putDelta(delta, 'pending'))
      for (const id of result.missing) missing.add(id)
    }
    try {
      await this.#applyReady(ready, arrived, ops)
    } catch (error) {
      // Memory is ahead of the store now, whatever went wrong.
      this.#parts.ledger.break(error)
      throw error
    }
    this.#parts.ledger.show()
    const wanted = [...missing].filter((id) => !this.#parts.holds(id))
    if (wanted.length > 0) outbound.askForDeltas(this.#parts.record.id, wanted, from)
    return {
      applied: ready.length,
      waiting: arrived.size - ready.length,
      refused: this.#parts.intake.refusedCount - before,
    }
  }

  async #applyReady(
    ready: readonly DagNode[],
    arrived: ReadonlyMap<DeltaId, { delta: Delta; payload: DeltaPayload }>,
    first: readonly StoreOp[],
  ): Promise<void> {
    const entries = [...ready].sort(this.#parts.dag.compare).map((node) => this.#arrivedOf(node, arrived))
    let ops = [...first]
    for (let start = 0; start < entries.length; start += APPLY_BATCH_MAX) {
      const batch = entries.slice(start, start + APPLY_BATCH_MAX)
      const fold = await this.#parts.folder
        .fold(batch)
        .catch((error) => this.#postpone(error, entries.slice(start), ops))
      for (const entry of batch) ops.push(...this.#handlerOps(entry))
      await this.#parts.ledger.commit([...ops, ...fold.ops])
      fold.committed()
      for (const { delta } of batch) this.#unstored.delete(delta.id)
      ops = []
      for (const { delta, payload } of batch) this.#parts.ledger.emit(delta.id, payload.events)
      this.#parts.onHandlers()
    }
    if (ops.length > 0) await this.#parts.ledger.commit(ops)
  }

  /**
   * A delta took this machine too long: it is parked, the others wait in the store, and the context is read again. It
   * never decides what the state is (I1).
   */
  async #postpone(error: unknown, left: readonly Arrived[], ops: StoreOp[]): Promise<never> {
    if (!(error instanceof ContextError) || error.code !== 'APPLY_POSTPONED') throw error
    for (const { delta } of left) {
      if (delta.id === error.data.deltaId) this.#parts.intake.park(delta, 'machine', ops)
      else ops.push(this.#parts.rows.putDelta(delta, 'pending'))
    }
    await this.#parts.ledger.commit(ops)
    throw error
  }

  /** A delta that has become ready: from this arrival, or one that waited in the store for its parents. */
  #arrivedOf(node: DagNode, arrived: ReadonlyMap<DeltaId, { delta: Delta; payload: DeltaPayload }>): Arrived {
    const known = arrived.get(node.id)
    if (known) return known
    const delta = this.#parts.rows.delta(node.id)
    if (!delta) throw new Error(`delta ${node.id} waits for its parents but is not in the store`)
    return { delta, payload: this.#parts.folder.open(delta) }
  }

  #handlerOps({ delta, payload }: Arrived): StoreOp[] {
    const { rows, identity } = this.#parts
    if (delta.author === identity.publicKey) return []
    return payload.events.flatMap((event, index) =>
      event.handler === undefined
        ? []
        : [
            rows.putHandler(rows.handlerKey(delta.hlc, delta.id, index), {
              v: 1,
              kind: event.kind,
              data: event.data,
              handler: event.handler,
              depth: payload.depth + 1,
              attempts: 0,
              dueMs: 0,
              state: 'queued',
              error: null,
            }),
          ],
    )
  }
}
