// What this node can say of a member's checkpoint: whether it holds just what that contains, and has the same root there.
// A root is computed by taking back what is above, in memory; nothing is written but the order of commuting merges.
import { type Bytes, toHex } from '../../base/bytes.ts'
import type { RootHash } from '../../base/ids.ts'
import { type Bound, itemKey } from '../../reconcile/item-key.ts'
import { type Checkpoint, checkpointHash } from '../../wire/checkpoint.ts'
import type { Folder } from '../apply/folder.ts'
import type { Ledger } from '../ledger.ts'
import { COMPARE_EVERY_MS } from '../limits.ts'
import type { ContextParts } from '../parts.ts'
import { boundOf } from './checkpoint.ts'
import type { Pruner } from './pruner.ts'

/** `unknown`: something else is held here, or what there was is pruned, or it was asked too often. */
export type Standing = 'same' | 'other' | 'unknown'

type ComparisonParts = Pick<ContextParts, 'record' | 'dag' | 'nowMs'> & {
  readonly folder: Folder
  readonly ledger: Ledger
  readonly pruner: Pruner
}

export class Comparison {
  readonly #parts: ComparisonParts
  /** The last one that was computed. */
  #last: { readonly of: string; readonly root: RootHash | undefined; readonly atMs: number } | undefined

  constructor(parts: ComparisonParts) {
    this.#parts = parts
  }

  /** False where up to the end of the checkpoint something is lacking here, or something is too much. */
  holdsJust(checkpoint: Checkpoint): boolean {
    const { dag, pruner } = this.#parts
    const bound = boundOf(checkpoint)
    if (!checkpoint.beneath.every(({ id }) => dag.isReady(id))) return false
    // All of it is here, since its heads are: then equal counts are equal sets.
    const nodes = dag.inOrder()
    const above = nodes.findIndex(({ id, hlc }) => itemKey(hlc, id) >= bound)
    const below = above === -1 ? nodes.length : above
    return (pruner.checkpoint?.count ?? 0) + below === checkpoint.count
  }

  /** Runs in the queue of the context. */
  async compare(checkpoint: Checkpoint): Promise<Standing> {
    const { pruner, record } = this.#parts
    const bound = boundOf(checkpoint)
    if (checkpoint.contextId !== record.id || bound < pruner.bound) return 'unknown'
    const root = bound === pruner.bound ? this.#ownRoot(checkpoint) : await this.#rootAt(checkpoint, bound)
    if (root === undefined) return 'unknown'
    return root === checkpoint.root ? 'same' : 'other'
  }

  #ownRoot({ count }: Checkpoint): RootHash | undefined {
    const own = this.#parts.pruner.checkpoint
    return own?.count === count ? own.root : undefined
  }

  async #rootAt(checkpoint: Checkpoint, bound: Bound): Promise<RootHash | undefined> {
    const { ledger, nowMs } = this.#parts
    if (!this.holdsJust(checkpoint)) return undefined
    const of = `${toHex(checkpointHash(checkpoint))} ${ledger.removals === undefined ? '' : toHex(ledger.removals)}`
    if (this.#last?.of === of) return this.#last.root
    // It costs what is above it: who asks for ever other ones gets no answer.
    if (this.#last && Math.abs(nowMs() - this.#last.atMs) < COMPARE_EVERY_MS) return undefined
    const root = await this.#compute(bound)
    this.#last = { of, root, atMs: nowMs() }
    return root
  }

  async #compute(bound: Bound): Promise<RootHash | undefined> {
    const { folder, pruner, record } = this.#parts
    const isBelow = ({ id, hlc }: { id: Parameters<typeof itemKey>[1]; hlc: bigint }) => itemKey(hlc, id) < bound
    const count = folder.stack.filter(isBelow).length
    if (record.storage === 'host' && !folder.stack.slice(0, count).every(isBelow)) await pruner.sort()
    return folder.stack.slice(0, count).every(isBelow) ? folder.rootBelow(count) : undefined
  }
}

/** A digest of removals where there were any. */
export function hasRemovals(digest: Bytes | undefined): boolean {
  return digest === undefined || digest.some((byte) => byte !== 0)
}
