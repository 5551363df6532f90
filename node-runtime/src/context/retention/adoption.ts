// Who is behind a peer's checkpoint takes its state: the snapshot is written aside, and swapped in with the checkpoint in
// one batch. Own deltas that are not in it, and cannot stand on it, are noted there to be written again.
import { type Bytes, EMPTY, equalBytes } from '../../base/bytes.ts'
import type { DeltaId, PublicKey } from '../../base/ids.ts'
import { itemKey } from '../../reconcile/item-key.ts'
import { StorageError } from '../../storage/errors.ts'
import { sweepGenerations } from '../../storage/generations.ts'
import { SnapshotWriter } from '../../storage/snapshot-writer.ts'
import type { StoreOp } from '../../store/store.ts'
import { type Checkpoint, checkpointHash, type SignedCheckpoint, verifyCheckpoint } from '../../wire/checkpoint.ts'
import { comparePositions } from '../apply/fold.ts'
import type { Folder } from '../apply/folder.ts'
import { isFromTheFuture } from '../apply/future.ts'
import type { Ledger } from '../ledger.ts'
import type { ContextParts } from '../parts.ts'
import type { Turns } from '../turns.ts'
import { boundOf, containedIn } from './checkpoint.ts'
import { type Comparison, hasRemovals } from './comparison.ts'
import type { Frontier } from './frontier.ts'
import { type GivenUp, knownByOwn } from './given-up.ts'
import { putHandled } from './handled-rows.ts'
import type { Pruner } from './pruner.ts'
import { originOf, putReissue, type Reissue } from './reissue-rows.ts'

/** Entries in key order from behind `after` on, page by page. */
export type SnapshotPages = (after: Bytes | undefined) => AsyncIterable<readonly (readonly [Bytes, Bytes])[]>

type AdoptionParts = Pick<
  ContextParts,
  'record' | 'store' | 'rows' | 'dag' | 'authority' | 'identity' | 'nowMs' | 'adopting' | 'onSwapped' | 'log'
> & {
  readonly comparison: Comparison
  readonly folder: Folder
  readonly frontier: Frontier
  readonly ledger: Ledger
  readonly pruner: Pruner
  readonly turns: Turns
  readonly enqueue: <T>(task: () => Promise<T>) => Promise<T>
}

interface Lost {
  readonly id: DeltaId
  readonly hlc: bigint
  readonly author: PublicKey
  readonly parents: readonly DeltaId[]
  /** It is not void. */
  readonly counts: boolean
  /** It has counted here: its handlers have their rows, or have run. */
  readonly isHandled: boolean
}

export class Adoption {
  readonly #parts: AdoptionParts

  constructor(parts: AdoptionParts) {
    this.#parts = parts
  }

  /**
   * Whether what is here up to the end of a later checkpoint than ours is not just what it contains: something is
   * lacking that nobody will send, or something is too much that nobody will take. The later checkpoint wins.
   */
  isBehind(checkpoint: Checkpoint): boolean {
    const { comparison, pruner } = this.#parts
    return boundOf(checkpoint) > pruner.bound && !comparison.holdsJust(checkpoint)
  }

  /**
   * True for another checkpoint at the same place that contains more or less than ours: somebody who keeps to no order
   * has written below it. Whoever asks decides whose it is to be.
   */
  isBeside(checkpoint: Checkpoint): boolean {
    const own = this.#parts.pruner.checkpoint
    return own !== undefined && boundOf(checkpoint) === boundOf(own) && checkpoint.count !== own.count
  }

  /**
   * True where a checkpoint that is not earlier than ours contains what is here and yet has another root, though its
   * author knows of the same removals: it pruned deltas that a removal, heard of only later, made void here. What is
   * pruned cannot become void any more, so the later checkpoint wins, and of two at the same place the lower root.
   */
  isOverruled(signed: SignedCheckpoint): Promise<boolean> {
    return this.#parts.enqueue(() => this.#isOverruled(signed))
  }

  async #isOverruled({ checkpoint, author }: SignedCheckpoint): Promise<boolean> {
    const { comparison, frontier, ledger, pruner } = this.#parts
    const removals = frontier.beats().find((beat) => beat.author === author)?.removals
    if (!hasRemovals(ledger.removals) || !equalBytes(removals ?? EMPTY, ledger.removals ?? EMPTY)) return false
    if (boundOf(checkpoint) < pruner.bound) return false
    if (boundOf(checkpoint) === pruner.bound && checkpoint.root >= (pruner.checkpoint?.root ?? '')) return false
    return comparison.judgesOtherwise(checkpoint)
  }

  /**
   * True when the state was replaced: this instance of the context has ended then. False when there is no need, or
   * another is under way. A receipt that is cut off goes on with the next one of the same checkpoint. Throws StorageError
   * where the entries are not those of the checkpoint.
   */
  async adopt(signed: SignedCheckpoint, pages: SnapshotPages): Promise<boolean> {
    const { record, store, adopting, enqueue } = this.#parts
    const { checkpoint } = signed
    if (adopting.has(record.id) || !this.#isGenuine(signed)) return false
    if (!this.#isAnother(checkpoint) && !(await this.isOverruled(signed))) return false
    adopting.add(record.id)
    try {
      const writer = await SnapshotWriter.open(store, record.id, checkpointHash(checkpoint))
      try {
        for await (const page of pages(writer.after)) await writer.add(page)
        return await enqueue(() => this.#swap(signed, writer))
      } catch (error) {
        if (error instanceof StorageError) await writer.abort()
        throw error
      }
    } finally {
      adopting.delete(record.id)
    }
  }

  #isAnother(checkpoint: Checkpoint): boolean {
    return this.isBehind(checkpoint) || this.isBeside(checkpoint)
  }

  #isGenuine(signed: SignedCheckpoint): boolean {
    const { record, authority, nowMs } = this.#parts
    const { checkpoint, author } = signed
    if (checkpoint.contextId !== record.id || isFromTheFuture(checkpoint.last.hlc, nowMs())) return false
    return authority.mayWrite(record.id, author) && verifyCheckpoint(signed)
  }

  async #swap(signed: SignedCheckpoint, writer: SnapshotWriter): Promise<boolean> {
    const { record, store, rows, folder, ledger, onSwapped, log } = this.#parts
    const { checkpoint } = signed
    if (!this.#isAnother(checkpoint) && !(await this.#isOverruled(signed))) {
      await writer.abort()
      return false
    }
    const { lost, beneath } = await this.#divide(checkpoint)
    // Above all positions of before: those are removed when the rows are next read.
    const base = folder.base + folder.stack.length
    const ops: StoreOp[] = [...writer.finish(checkpoint.root), rows.putCheckpoint(checkpoint, base, true)]
    for (const id of beneath) {
      const delta = rows.delta(id)
      if (delta) ops.push(rows.putBeneath(delta))
    }
    const again = await this.#again(lost)
    for (const { id, hlc, isHandled } of lost) {
      ops.push(rows.dropDelta(id))
      // What is earlier than its end can never come back.
      if (isHandled && itemKey(hlc, id) >= boundOf(checkpoint)) ops.push(putHandled(record.id, { hlc, id }))
    }
    for (const reissue of again) ops.push(putReissue(record.id, reissue), rows.clearOutgoing(reissue.delta.id))
    await ledger.commit(ops)
    ledger.retire()
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

  /** Own ones, each with what of others it knew of that went with it. */
  async #again(lost: readonly Lost[]): Promise<Reissue[]> {
    const { rows, folder, identity, turns } = this.#parts
    if (!lost.some(({ author, counts }) => author === identity.publicKey && counts)) return []
    const givenUp: GivenUp[] = []
    for (const { id, author, parents, counts } of lost) {
      const delta = counts ? rows.delta(id) : undefined
      givenUp.push({ id, author, parents, origin: delta && originOf(delta, folder.open(delta)) })
      await turns.spend(delta?.sealed.byteLength ?? 0)
    }
    const known = knownByOwn(givenUp, identity.publicKey)
    return givenUp.flatMap(({ id, origin }) => {
      const [delta, behind] = [rows.delta(id), known.get(id)]
      return delta && behind && origin !== undefined ? [{ origin, delta, behind }] : []
    })
  }

  /**
   * `lost`: what is here, not in the checkpoint, and cannot stand on it: earlier than its end, or built on what is.
   * `beneath`: what is in it, with what is not built on it.
   */
  async #divide(checkpoint: Checkpoint): Promise<{ lost: Lost[]; beneath: ReadonlySet<DeltaId> }> {
    const { comparison, dag, pruner, rows, turns } = this.#parts
    const bound = boundOf(checkpoint)
    const stamps = containedIn(checkpoint)
    const contained = new Set(checkpoint.beneath.map(({ id }) => id))
    const isIn = ({ author, hlc }: { author: PublicKey; hlc: bigint }) => hlc <= (stamps.get(author) ?? 0n)
    for await (const delta of rows.beneath()) if (isIn(delta)) contained.add(delta.id)
    // What was pruned here is in it, too: of some of that no more than the id may be known.
    const own = comparison.holdsJust(checkpoint) ? (pruner.checkpoint?.beneath ?? []) : []
    for (const { id } of own) contained.add(id)
    const nodes: Lost[] = []
    for await (const { delta, status } of rows.deltas()) {
      const { id, hlc, author, parents, sealed } = delta
      const isHandled = status === 'applied' || status === 'again' || status === 'voided'
      nodes.push({ id, hlc, author, parents, counts: status !== 'void' && status !== 'voided', isHandled })
      await turns.spend(sealed.byteLength)
    }
    const gone = new Set<DeltaId>()
    const isGone = (id: DeltaId) => !contained.has(id) && (gone.has(id) || dag.beneath(id) !== undefined)
    const lost: Lost[] = []
    const beneath = new Set<DeltaId>()
    for (const node of nodes.sort(comparePositions)) {
      const isBelow = itemKey(node.hlc, node.id) < bound
      if (isBelow && isIn(node)) contained.add(node.id)
      else if (isBelow || node.parents.some(isGone)) {
        gone.add(node.id)
        lost.push(node)
      } else for (const parent of node.parents) if (contained.has(parent)) beneath.add(parent)
    }
    return { lost, beneath }
  }
}
