// Looks at the stored deltas again after a member was removed: what is void now leaves the state, what is not any more
// comes back. Brings what was applied into another order, too. A short way back is one batch. A long one goes in slices, each of
// them safe to stop after: first the stack is taken down, then built up again. Handlers run once: for what counts here for the first time.
import { type Bytes, equalBytes } from '../../base/bytes.ts'
import type { DeltaId } from '../../base/ids.ts'
import type { StoreOp } from '../../store/store.ts'
import { ContextError } from '../errors.ts'
import { handlerRows } from '../handlers/handler-rows.ts'
import type { Ledger } from '../ledger.ts'
import { APPLY_BATCH_BYTES } from '../limits.ts'
import type { ContextParts } from '../parts.ts'
import type { Turns } from '../turns.ts'
import type { Arrived } from './effects.ts'
import { comparePositions, type FoldPlan, type Positioned, planCut, planFold } from './fold.ts'
import type { Folder } from './folder.ts'
import { isHandled } from './handled.ts'
import type { Intake } from './intake.ts'
import type { Voids } from './voids.ts'
import type { Witness } from './witness.ts'

type RevisionParts = Pick<
  ContextParts,
  | 'record'
  | 'rows'
  | 'state'
  | 'dag'
  | 'authority'
  | 'identity'
  | 'retention'
  | 'again'
  | 'rewritten'
  | 'outbound'
  | 'log'
> & {
  readonly folder: Folder
  readonly intake: Intake
  readonly ledger: Ledger
  readonly turns: Turns
  readonly voids: Voids
  readonly witness: Witness
  /** So many rows for the queue of handlers were stored. */
  readonly onHandlers: (count: number) => void
}

interface Returning extends Positioned {
  /** It has never counted here. */
  readonly isFresh: boolean
}

interface Found {
  /** Applied, and void now. */
  readonly dropped: ReadonlySet<DeltaId>
  /** Void before, and not now; in canonical order. */
  readonly back: readonly Returning[]
}

const NONE: ReadonlySet<DeltaId> = new Set()

export class Revision {
  readonly #parts: RevisionParts

  constructor(parts: RevisionParts) {
    this.#parts = parts
  }

  /** True when members were removed, or more is known of what was accepted from them, since the deltas were looked at. */
  get isDue(): boolean {
    const { authority, ledger, record, witness } = this.#parts
    return (
      witness.isDue || ledger.removals === undefined || !equalBytes(authority.judgement(record.id), ledger.removals)
    )
  }

  /** Runs in the queue of the context. */
  async runIfDue(): Promise<void> {
    if (this.isDue) await this.run()
    else this.#parts.voids.hear()
  }

  async run(): Promise<void> {
    const { ledger, record, outbound, log, voids, witness } = this.#parts
    // What is heard of from here on is for the next time: it is neither noted here nor in what is said to be judged by.
    const judgement = voids.hear()
    await witness.note()
    const found = await this.#look()
    const isSame = found.dropped.size + found.back.length === 0
    if (!isSame) await this.#refold(found, judgement)
    else if (this.isDue) await ledger.commit([ledger.judgementOp(judgement)])
    ledger.judgedBy(judgement)
    witness.judged()
    // What was to be told meanwhile was not, and others wait for who has not acknowledged anything since (`retention/losses.ts`).
    outbound.announceHeads(record.id)
    if (isSame) return
    log.info({ voided: found.dropped.size, restored: found.back.length }, 'deltas judged again after a removal')
    await this.#tell(found.back.filter(({ isFresh }) => isFresh))
  }

  /** Not before: the roots between two slices are of a part of what is here. */
  async #tell(fresh: readonly Returning[]): Promise<void> {
    const { folder, ledger, turns } = this.#parts
    for (const { id } of fresh) {
      const { delta, payload } = folder.stored(id)
      ledger.emit(id, payload.events)
      await turns.spend(delta.sealed.byteLength)
    }
  }

  async #look(): Promise<Found> {
    const { dag, rows, turns, voids } = this.#parts
    const dropped = new Set<DeltaId>()
    const back: Returning[] = []
    for await (const { delta, status } of rows.deltas()) {
      await turns.spend(delta.sealed.byteLength)
      if (status === 'pending' || status === 'again') continue
      // Its row goes in a moment. What it counts for is in the checkpoint, for good: the state above has no place for it.
      if (dag.isBeneath(delta.id)) continue
      // It stands on what is parked or taken down, and is judged when it is received behind that.
      if (!dag.isReady(delta.id)) continue
      const isVoid = voids.isVoid(delta)
      if (isVoid === (status !== 'applied')) continue
      if (isVoid) dropped.add(delta.id)
      else
        back.push({
          ...this.#parts.folder.placeOf(delta),
          isFresh: status === 'void' && !isHandled(delta, this.#parts),
        })
    }
    return { dropped, back: back.sort(comparePositions) }
  }

  async #refold({ dropped, back }: Found, judgement: Bytes): Promise<void> {
    const { folder, ledger, record, retention } = this.#parts
    const plan = planFold(folder.stack, back, { storage: record.storage, dropped })
    const fresh = new Set(back.filter(({ isFresh }) => isFresh).map(({ id }) => id))
    if (plan.undo + plan.apply.length <= retention.revisionMax && folder.isLight(plan.undo)) {
      const arrived = back.map(({ id }) => folder.stored(id))
      const fold = await folder.fold(arrived, dropped).catch(unlessPostponed)
      const isAll = fold?.count === arrived.length
      if (isAll) await this.#commit(arrived, fresh, [...fold.ops, ledger.judgementOp(judgement)], fold.committed)
      if (isAll) return
    }
    try {
      await this.#takeDown(plan, dropped)
      await this.#buildUp(plan, fresh)
      await ledger.commit([ledger.judgementOp(judgement)])
    } catch (error) {
      // The rows are half-way, and the graph in memory is not: what was taken down comes back when they are next read.
      ledger.break(error)
      throw error
    }
  }

  /**
   * Takes `keys` out of the state above which all but the first `kept` of the stack lie: these are applied again without them. With
   * `ops`, in one batch; where that is much, what lies above is taken down before and built up behind it.
   */
  async sweep(kept: number, keys: readonly Bytes[], ops: readonly StoreOp[]): Promise<void> {
    const { folder, ledger, retention } = this.#parts
    if (keys.length === 0) return ledger.commit(ops)
    const above = folder.stack.slice(kept)
    const plan = { undo: above.length, apply: above }
    const isLong = 2 * above.length > retention.revisionMax || !folder.isLight(above.length)
    try {
      if (isLong) await this.#takeDown(plan, NONE)
      const fold = await folder.swept(kept, keys)
      await ledger.commit([...ops, ...fold.ops])
      fold.committed()
      if (isLong) await this.#buildUp(plan, NONE)
    } catch (error) {
      // The rows may be half-way, and the graph in memory is not.
      if (isLong) ledger.break(error)
      throw error
    }
  }

  /**
   * Of an app whose merges commute: brings all up to `last` beneath the others, in one batch, or in many where that takes much. False
   * where it was there.
   */
  async sort(last: Positioned): Promise<boolean> {
    const { folder, ledger, outbound, record, retention, state } = this.#parts
    const plan = planCut(folder.stack, last)
    if (plan === undefined) return false
    if (2 * plan.undo <= retention.revisionMax && folder.isLight(plan.undo)) {
      const fold = await folder.sorted(plan)
      await ledger.commit(fold.ops)
      fold.committed()
      return true
    }
    const [judgement, root] = [ledger.removals, state.root]
    try {
      await this.#takeDown(plan, NONE)
      await this.#buildUp(plan, NONE)
      folder.requireSame(root, state.root)
      await ledger.commit([ledger.judgementOp(judgement)])
    } catch (error) {
      // The rows may be half-way, and the graph in memory is not.
      ledger.break(error)
      throw error
    }
    if (judgement) ledger.judgedAsBefore(judgement)
    outbound.announceHeads(record.id)
    return true
  }

  async #takeDown(plan: FoldPlan<Positioned>, dropped: ReadonlySet<DeltaId>): Promise<void> {
    const { folder, ledger, retention, turns } = this.#parts
    const kept = folder.stack.length - plan.undo
    const unjudged = ledger.unjudge()
    // Before the first slice: until the last one the disk holds less than our heads and root say.
    ledger.show()
    // What comes back lies above all that is there, and what ends us half-way leaves half of it.
    if (folder.stack.length === kept) await ledger.commit([unjudged])
    while (folder.stack.length > kept) {
      const countMax = Math.min(retention.revisionMax, folder.stack.length - kept)
      const fold = await folder.takeDown(countMax, dropped)
      await ledger.commit([...fold.ops, unjudged])
      fold.committed()
      await turns.pass()
    }
  }

  async #buildUp(plan: FoldPlan<Positioned>, fresh: ReadonlySet<DeltaId>): Promise<void> {
    const { folder, retention, turns } = this.#parts
    let countMax = retention.revisionMax
    for (let start = 0; start < plan.apply.length; ) {
      const slice: Arrived[] = []
      let bytes = 0
      for (const { id } of plan.apply.slice(start, start + countMax)) {
        const entry = folder.stored(id)
        slice.push(entry)
        bytes += entry.delta.sealed.byteLength
        if (bytes >= APPLY_BATCH_BYTES) break
      }
      const fold = await folder.fold(slice).catch((error) => this.#park(error))
      await this.#commit(slice.slice(0, fold.count), fresh, fold.ops, fold.committed)
      start += fold.count
      countMax = Math.min(retention.revisionMax, 2 * (fold.count < slice.length ? fold.count : countMax))
      await turns.pass()
    }
  }

  /**
   * What was void, comes back and is too slow here: its row does not say that it waits, and each instance would try it first. What
   * stands on it waits for it when the rows are next read.
   */
  async #park(error: unknown): Promise<never> {
    const { folder, intake, ledger, rows } = this.#parts
    const stored = isPostponed(error) ? rows.stored(error.data.deltaId as DeltaId) : undefined
    if (stored?.status !== 'void' && stored?.status !== 'voided') throw error
    const { delta, status } = stored
    // Of several versions what stands on it, which is all later, may lie beneath its place.
    const kept = folder.stack.findIndex(({ hlc }) => hlc > delta.hlc)
    if (kept !== -1) await this.#takeDown({ undo: folder.stack.length - kept, apply: [] }, NONE)
    const ops: StoreOp[] = status === 'voided' ? [rows.putDelta(delta, 'again')] : []
    intake.park(delta, 'machine', ops)
    await ledger.commit(ops)
    intake.stored()
    throw error
  }

  async #commit(
    entries: readonly Arrived[],
    fresh: ReadonlySet<DeltaId>,
    ops: readonly StoreOp[],
    committed: () => void,
  ): Promise<void> {
    const { identity, ledger, rows } = this.#parts
    const first = entries.filter(({ delta }) => fresh.has(delta.id))
    const handlers = first.flatMap((entry) => handlerRows(rows, identity.publicKey, entry))
    await ledger.commit([...handlers, ...ops])
    committed()
    // Each waits for its turn in the queue of the context, behind this.
    if (handlers.length > 0) this.#parts.onHandlers(handlers.length)
  }
}

/** Else each task of the context would try it first, and none come to its turn. In slices it is parked, and the rest goes on. */
function unlessPostponed(error: unknown): undefined {
  if (!isPostponed(error)) throw error
}

function isPostponed(error: unknown): error is ContextError {
  return error instanceof ContextError && error.code === 'APPLY_POSTPONED'
}
