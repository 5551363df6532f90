// Who holds something else than a greater checkpoint contains takes its state: the snapshot is written aside, checked
// against the root that most writers have vouched for, and swapped in with the checkpoint in one batch. Own deltas that do
// not stand on it are noted there to be written again.
import { type Bytes, concat, toHex, utf8 } from '../../base/bytes.ts'
import type { DeltaId } from '../../base/ids.ts'
import { lostOver } from '../../dag/dag.ts'
import { StorageError } from '../../storage/errors.ts'
import { sweepGenerations } from '../../storage/generations.ts'
import { SnapshotWriter } from '../../storage/snapshot-writer.ts'
import { StoreError } from '../../store/errors.ts'
import type { StoreOp } from '../../store/store.ts'
import { type CertifiedCheckpoint, type Checkpoint, checkpointHash } from '../../wire/checkpoint.ts'
import { previousOf } from '../../wire/delta.ts'
import type { Folder } from '../apply/folder.ts'
import { isHandled } from '../apply/handled.ts'
import { ContextError } from '../errors.ts'
import type { Ledger } from '../ledger.ts'
import { RECEIPT_KEPT_MS, RECEIPT_PAUSE_MS, SNAPSHOT_ENTRY_BYTES } from '../limits.ts'
import { replacedOps } from '../mending/rebase.ts'
import type { ContextParts } from '../parts.ts'
import type { PeerId } from '../ports.ts'
import type { Turns } from '../turns.ts'
import { floorOf, oldestOf, stands } from './checkpoint.ts'
import { putHandled } from './handled-rows.ts'
import { countedBefore, keep, keptAndLost, lostBeneath } from './kept.ts'
import { type Lost, reissuesOf } from './lost.ts'
import type { Pruner } from './pruner.ts'
import type { Turn } from './receipts.ts'
import { originOf, putReissue, type Reissue } from './reissue-rows.ts'

/** Entries in key order from behind `after` on, page by page. `over`: another peer has its turn. */
export type SnapshotPages = (
  after: Bytes | undefined,
  over: AbortSignal,
) => AsyncIterable<readonly (readonly [Bytes, Bytes])[]>

type AdoptionParts = Pick<
  ContextParts,
  | 'record'
  | 'store'
  | 'rows'
  | 'identity'
  | 'again'
  | 'isDamaged'
  | 'rewritten'
  | 'receipts'
  | 'leftovers'
  | 'nowMs'
  | 'onSwapped'
  | 'log'
> & {
  readonly folder: Folder
  readonly ledger: Ledger
  readonly pruner: Pruner
  readonly turns: Turns
  /** Also while the state is damaged. */
  readonly enqueueDamaged: <T>(task: () => Promise<T>) => Promise<T>
}

interface Gone extends Lost {
  /** It has counted here, or another with its events: the handlers have their rows, or have run. */
  readonly isHandled: boolean
}

export class Adoption {
  readonly #parts: AdoptionParts

  constructor(parts: AdoptionParts) {
    this.#parts = parts
  }

  /**
   * True when the state was replaced: this instance of the context has ended then. False when there is no need, or
   * another is under way. A receipt that is cut off goes on with the next one of the same checkpoint from the same peer. Throws
   * StorageError where the entries are not those of the checkpoint, STORE_FULL, CONTEXT_BUSY where it gives way to another peer.
   */
  async adopt(certified: CertifiedCheckpoint, from: PeerId, pages: SnapshotPages): Promise<boolean> {
    const { record, receipts, leftovers, nowMs, pruner } = this.#parts
    if (!pruner.mayReplace(certified)) return false
    const turn = receipts.begin(record.id, from, nowMs())
    if (turn === undefined) return false
    try {
      return await this.#receive(certified, turn, pages)
    } catch (error) {
      const wasInVain = isInVain(error, turn)
      if (wasInVain || turn.isOver) receipts.giveWay(record.id, turn, nowMs())
      leftovers.note(record.id, wasInVain ? RECEIPT_PAUSE_MS : RECEIPT_KEPT_MS)
      throw error
    } finally {
      receipts.end(record.id)
    }
  }

  async #receive(certified: CertifiedCheckpoint, turn: Turn, pages: SnapshotPages): Promise<boolean> {
    const { record, store, enqueueDamaged } = this.#parts
    const token = concat([checkpointHash(certified.checkpoint), utf8(turn.from)])
    const writer = await SnapshotWriter.open(store, record.id, token)
    try {
      for await (const page of pages(writer.after, turn.over.signal)) {
        await writer.add(page)
        turn.isTooLarge = writer.sizeBytes + writer.entryCount * SNAPSHOT_ENTRY_BYTES > turn.bytesMax
        if (turn.isTooLarge) throw tooLarge(turn)
        if (turn.isOver) throw new ContextError('CONTEXT_BUSY', 'the snapshot takes long; another peer has its turn')
      }
      return await enqueueDamaged(() => this.#swap(certified, writer))
    } catch (error) {
      if (isInVain(error, turn)) await this.#free(writer)
      throw error
    }
  }

  /** Where not even that can be written, it goes later. */
  async #free(writer: SnapshotWriter): Promise<void> {
    const { log } = this.#parts
    await writer.abort().catch((error) => log.warn({ error: String(error) }, 'what came of a snapshot is still here'))
  }

  async #swap(certified: CertifiedCheckpoint, writer: SnapshotWriter): Promise<boolean> {
    const { record, store, rows, folder, identity, isDamaged, ledger, pruner, turns, receipts, onSwapped, log } =
      this.#parts
    const { checkpoint } = certified
    // What was lacking may have come meanwhile, or a still greater one.
    if (!pruner.mayReplace(certified)) {
      await writer.abort()
      return false
    }
    const { lost, gone, standing } = await this.#divide(checkpoint)
    const before = pruner.checkpoint
    const own = {
      rows,
      own: identity.publicKey,
      turns,
      record,
      beneath: lostBeneath(before, checkpoint, identity.publicKey),
    }
    const kept = await keptAndLost(checkpoint, this.#parts)
    const handled = new Set([
      ...this.#parts.again,
      ...standing.filter(({ isHandled }) => isHandled).map(({ id }) => id),
    ])
    const counted = countedBefore(checkpoint, { checkpoint: before, unseen: pruner.unseen, handled }, record)
    // Above all positions of before: those are removed when the rows are next read.
    const base = folder.base + folder.stack.length
    const pruned = { certified: pruner.taken(certified), base, unseen: counted.unseen }
    const again = [...kept.again, ...(await reissuesOf(lost, own))]
    const ops: StoreOp[] = [
      ...writer.finish(checkpoint.root),
      rows.putCheckpoint(pruned, true),
      ...kept.ops,
      ...counted.notes,
      ...(await keep(standing, checkpoint, { ...own, beneath: new Map() })),
    ]
    for (const { id, isHandled } of gone) {
      ops.push(rows.dropDelta(id), rows.clearOutgoing(id))
      // It may come back as another.
      if (isHandled) ops.push(putHandled(record.id, id))
    }
    for (const reissue of again) ops.push(putReissue(record.id, reissue))
    if (isDamaged) ops.push(...replacedOps(store, record, 'its state came from a member'))
    await ledger.commit(ops)
    ledger.retire()
    this.#tellOfLoss(before, checkpoint, again)
    receipts.done(record.id)
    log.info(
      { root: checkpoint.root, count: checkpoint.count, lost: lost.length, own: again.length },
      'state replaced by a snapshot',
    )
    try {
      await sweepGenerations(store, record.id)
    } finally {
      onSwapped()
    }
    return true
  }

  /** `again`: of what we wrote, what is here. What was pruned for longer than a checkpoint names is kept by nobody (ADR 0012, limits). */
  #tellOfLoss(before: Checkpoint | undefined, checkpoint: Checkpoint, again: readonly Reissue[]): void {
    if (before === undefined) return
    const { identity, log } = this.#parts
    const author = identity.publicKey
    const own = again.map(({ delta }) => delta).sort((a, b) => (a.id < b.id ? -1 : 1))
    const [first] = own
    const last = first === undefined ? before.authors[author] : previousOf(first)
    if (last === undefined || last >= oldestOf(before) || stands(checkpoint, { id: last, author })) return
    const message =
      'what this node wrote up to this delta had been pruned and is lost, as most of the group hold another state: write it again, or copy it from a backup of this node'
    log.error({ deltaId: last, checkpoint: toHex(checkpointHash(checkpoint)) }, message)
  }

  /**
   * `lost`: what is here and does not stand on the checkpoint, in canonical order. `gone`: of that, what sorts before its
   * end; the rest stays, and counts nowhere. `standing`: in the checkpoint.
   */
  async #divide(checkpoint: Checkpoint): Promise<{ lost: Gone[]; gone: Gone[]; standing: Gone[] }> {
    const { rows, turns } = this.#parts
    const above: (Gone & { readonly previous: DeltaId | undefined })[] = []
    const gone: Gone[] = []
    const standing: Gone[] = []
    // By id, so in canonical order.
    for await (const { delta, status } of rows.deltas()) {
      const { id, author, parents, sealed } = delta
      const hadRows = status === 'applied' || status === 'again' || status === 'voided' || isHandled(delta, this.#parts)
      const counts = status !== 'void' && status !== 'voided'
      const previous = previousOf(delta)
      const node = { id, author, parents, previous, origin: originOf(delta), counts, isHandled: hadRows }
      if (id > checkpoint.last) above.push(node)
      else if (stands(checkpoint, delta)) standing.push(node)
      else gone.push(node)
      await turns.spend(sealed.byteLength)
    }
    const lost = lostOver(above, floorOf(checkpoint))
    return { lost: [...gone, ...above.filter(({ id }) => lost.has(id))], gone, standing }
  }
}

/** Nobody is to go on with what came: it is false, too much, or has filled the disk. */
function isInVain(error: unknown, turn: Turn): boolean {
  if (error instanceof StorageError || turn.isTooLarge) return true
  return error instanceof StoreError && error.code === 'STORE_FULL'
}

function tooLarge({ from, bytesMax }: Turn): ContextError {
  const message = `the snapshot of ${from} grew over ${bytesMax} bytes; others come first, and the next may have twice as many`
  return new ContextError('CONTEXT_BUSY', message, { data: { from, bytesMax } })
}
