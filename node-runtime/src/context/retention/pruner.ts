// Prunes the history that is stable: a checkpoint row first, in one batch, then the rows behind it, in batches of bounded
// size. What a crash leaves of those goes when the context is next read.
import type { PublicKey } from '../../base/ids.ts'
import type { Dag } from '../../dag/dag.ts'
import { type Bound, itemKey } from '../../reconcile/item-key.ts'
import type { StoreOp } from '../../store/store.ts'
import type { Checkpoint } from '../../wire/checkpoint.ts'
import type { Delta } from '../../wire/delta.ts'
import { BENEATH_MAX, CHECKPOINT_AUTHORS_MAX } from '../../wire/limits.ts'
import type { Folder } from '../apply/folder.ts'
import { ContextError } from '../errors.ts'
import type { Ledger } from '../ledger.ts'
import { PRUNE_BATCH_ROWS, PRUNE_EVERY_MS } from '../limits.ts'
import type { ContextParts } from '../parts.ts'
import type { Turns } from '../turns.ts'
import { Behind } from './behind.ts'
import { boundOf, type Cut, containedIn, cutOf, joinAuthors } from './checkpoint.ts'
import type { Frontier } from './frontier.ts'

type PrunerParts = Pick<
  ContextParts,
  'record' | 'rows' | 'dag' | 'pruned' | 'retention' | 'voidSet' | 'setTimer' | 'log'
> & {
  readonly folder: Folder
  readonly frontier: Frontier
  readonly ledger: Ledger
  readonly turns: Turns
  /** Runs `prune` in the queue of the context. */
  readonly enqueue: (task: () => Promise<void>) => Promise<void>
}

type Prefix = ReturnType<Dag['prefix']>

export class Pruner {
  /** What was refused since. */
  readonly behind = new Behind()
  readonly #parts: PrunerParts
  #checkpoint: Checkpoint | undefined
  #bound: Bound
  #contained: ReadonlyMap<PublicKey, bigint>
  #cancel: (() => void) | undefined
  #closed = false

  constructor(parts: PrunerParts) {
    this.#parts = parts
    this.#checkpoint = parts.pruned?.checkpoint
    this.#bound = boundOf(this.#checkpoint)
    this.#contained = containedIn(this.#checkpoint)
  }

  get checkpoint(): Checkpoint | undefined {
    return this.#checkpoint
  }

  /** True for what the checkpoint contains: what an author wrote builds on all that it wrote before. */
  contains({ id, author, hlc }: Pick<Delta, 'id' | 'author' | 'hlc'>): boolean {
    return itemKey(hlc, id) < this.#bound && hlc <= (this.#contained.get(author) ?? 0n)
  }

  /** What sorts before it is pruned here. */
  get bound(): Bound {
    return this.#bound
  }

  /** Something was applied or acknowledged: looks soon whether enough can go. */
  wake(): void {
    const { dag, retention, setTimer, enqueue, log } = this.#parts
    if (this.#closed || this.#cancel || dag.size < retention.checkpointMin) return
    this.#cancel = setTimer(() => {
      this.#cancel = undefined
      enqueue(() => this.#prune()).catch((error) => {
        const level = error instanceof ContextError ? 'debug' : 'error'
        log[level]({ error: String(error) }, 'history not pruned now')
      })
    }, PRUNE_EVERY_MS)
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
  }

  async #prune(): Promise<void> {
    const { dag, folder, frontier, ledger, retention, rows, voidSet, log } = this.#parts
    const all = dag.inOrder()
    const stable = all.slice(0, frontier.stable(all))
    if (stable.length < retention.checkpointMin) return
    let cut = cutOf(folder.stack, stable)
    if (cut.nodes < retention.checkpointMin) {
      await this.#sort()
      cut = cutOf(folder.stack, stable)
      if (cut.nodes < retention.checkpointMin) return
    }
    const prefix = dag.prefix(cut.nodes)
    const checkpoint = await this.#checkpointOf(prefix, cut)
    if (checkpoint === undefined) return
    const base = folder.base
    await ledger.commit([rows.putCheckpoint(checkpoint, base + cut.stack)])
    this.#checkpoint = checkpoint
    this.#bound = boundOf(checkpoint)
    this.#contained = containedIn(checkpoint)
    voidSet.prune(
      prefix.nodes.map(({ id }) => id),
      checkpoint.voids,
    )
    dag.prune(prefix)
    folder.prune(cut.stack)
    frontier.pruned(prefix.nodes)
    await this.#sweep(prefix, { from: base, to: base + cut.stack })
    log.info({ pruned: cut.nodes, count: checkpoint.count, root: checkpoint.root }, 'history pruned')
  }

  /** Deltas that came in another order than theirs can only go once they lie in theirs. */
  async #sort(): Promise<void> {
    const { folder, ledger } = this.#parts
    const fold = await folder.sorted()
    if (!fold) return
    await ledger.commit(fold.ops)
    fold.committed()
  }

  async #checkpointOf(prefix: Prefix, cut: Cut): Promise<Checkpoint | undefined> {
    const { record, rows, folder, turns, voidSet, log } = this.#parts
    const last = prefix.nodes.at(-1)
    if (last === undefined) return undefined
    const written: { author: Checkpoint['authors'][number]['author']; hlc: bigint }[] = []
    for (const { id, hlc } of prefix.nodes) {
      const delta = rows.delta(id)
      if (!delta) throw new Error(`delta ${id} is to be pruned and not in the store`)
      written.push({ author: delta.author, hlc })
      await turns.spend(delta.sealed.byteLength)
    }
    const authors = joinAuthors(this.#checkpoint?.authors ?? [], written)
    if (prefix.beneath.length > BENEATH_MAX || authors.length > CHECKPOINT_AUTHORS_MAX) {
      log.warn({ beneath: prefix.beneath.length, authors: authors.length }, 'history not pruned: too many heads')
      return undefined
    }
    const voids = voidSet.within(prefix.nodes.map(({ id }) => id))
    return {
      ...(voids ? { voids } : {}),
      contextId: record.id,
      last: { id: last.id, hlc: last.hlc },
      root: await folder.rootBelow(cut.stack),
      count: (this.#checkpoint?.count ?? 0) + prefix.nodes.length,
      beneath: prefix.beneath,
      authors,
    }
  }

  async #sweep(prefix: Prefix, positions: { readonly from: number; readonly to: number }): Promise<void> {
    const { dag, rows, ledger, turns } = this.#parts
    const stranded = [...dag.pending()].filter(({ id, hlc }) => itemKey(hlc, id) < this.#bound)
    const gone = stranded.flatMap(({ id }) => [id, ...dag.refuse(id)])
    this.behind.rememberStored(gone, rows)
    const ops: StoreOp[] = gone.map((id) => rows.dropDelta(id))
    const beneath = new Set(prefix.beneath.map(({ id }) => id))
    for await (const { id } of rows.beneath()) if (!beneath.has(id)) ops.push(rows.dropBeneath(id))
    for (const { id, hlc } of prefix.nodes) {
      const delta = beneath.has(id) ? rows.delta(id) : undefined
      if (delta) ops.push(rows.putBeneath(delta))
      ops.push(rows.dropDelta(id, hlc), rows.clearOutgoing(id))
    }
    for (let position = positions.from; position < positions.to; position += 1) ops.push(rows.dropUndo(position))
    for (let start = 0; start < ops.length; start += PRUNE_BATCH_ROWS) {
      await ledger.commit(ops.slice(start, start + PRUNE_BATCH_ROWS))
      await turns.pass()
    }
  }
}
