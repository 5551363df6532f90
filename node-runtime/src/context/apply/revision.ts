// Looks at the stored deltas again after a member was removed: what is void now leaves the state, what is not any more
// comes back, by one undo and one redo in one batch. Handlers run once: for what counts here for the first time.
import { equalBytes } from '../../base/bytes.ts'
import type { DeltaId } from '../../base/ids.ts'
import type { StoreOp } from '../../store/store.ts'
import { handlerRows } from '../handlers/handler-rows.ts'
import type { Ledger } from '../ledger.ts'
import type { ContextParts } from '../parts.ts'
import type { Turns } from '../turns.ts'
import { comparePositions } from './fold.ts'
import type { Arrived, Folder } from './folder.ts'
import type { Voids } from './voids.ts'

type RevisionParts = Pick<ContextParts, 'record' | 'rows' | 'authority' | 'identity' | 'log'> & {
  readonly folder: Folder
  readonly ledger: Ledger
  readonly turns: Turns
  readonly voids: Voids
  /** Rows for the queue of handlers were stored. */
  readonly onHandlers: () => void
}

interface Found {
  /** Applied, and void now. */
  readonly dropped: ReadonlySet<DeltaId>
  /** Void before, and not now. */
  readonly back: readonly Arrived[]
  /** Of these, what has never counted here. */
  readonly fresh: readonly Arrived[]
}

const NOTHING: Found = { dropped: new Set(), back: [], fresh: [] }

export class Revision {
  readonly #parts: RevisionParts

  constructor(parts: RevisionParts) {
    this.#parts = parts
  }

  /** True when members were removed since the deltas were looked at. */
  get isDue(): boolean {
    const { authority, ledger, record } = this.#parts
    const { removals } = ledger
    return removals === undefined || !equalBytes(authority.removalsDigest(record.groupId), removals)
  }

  /** Runs in the queue of the context. */
  async runIfDue(): Promise<void> {
    if (this.isDue) await this.run()
  }

  async run(): Promise<void> {
    const { authority, folder, identity, ledger, log, record, rows } = this.#parts
    const removals = authority.removalsDigest(record.groupId)
    // A removal never goes away: without one nothing is void.
    const { dropped, back, fresh } = removals.some((byte) => byte !== 0) ? await this.#look() : NOTHING
    if (dropped.size + back.length > 0) {
      const fold = await folder.fold(back, dropped)
      const ops: StoreOp[] = fresh.flatMap((entry) => handlerRows(rows, identity.publicKey, entry))
      await ledger.commit([...ops, ...fold.ops])
      fold.committed()
      log.info({ voided: dropped.size, restored: back.length }, 'deltas judged again after a removal')
    }
    ledger.judgedBy(removals)
    for (const { delta, payload } of fresh) ledger.emit(delta.id, payload.events)
    if (fresh.length > 0) this.#parts.onHandlers()
  }

  async #look(): Promise<Found> {
    const { folder, rows, turns, voids } = this.#parts
    const dropped = new Set<DeltaId>()
    const back: Arrived[] = []
    const fresh: Arrived[] = []
    for await (const { delta, status } of rows.deltas()) {
      await turns.spend(delta.sealed.byteLength)
      if (status === 'pending') continue
      const isVoid = voids.isVoid(delta)
      if (isVoid === (status !== 'applied')) continue
      if (isVoid) {
        dropped.add(delta.id)
        continue
      }
      const entry = { delta, payload: folder.open(delta) }
      back.push(entry)
      if (status === 'void') fresh.push(entry)
    }
    back.sort((a, b) => comparePositions(a.delta, b.delta))
    return { dropped, back, fresh }
  }
}
