// What this node can say of a member's checkpoint: whether it holds just what that contains, and has the same root there.
// A root is computed in memory, by taking back what is above, or folding again what was judged otherwise.
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

/**
 * `same`: it is the root of what is held here up to there, or would be if removals had made nothing void in it: then its
 * author had pruned that before it heard of them. `unknown`: something else is held here, or what there was is pruned, or
 * it was asked too often.
 */
export type Standing = 'same' | 'other' | 'unknown'

/** As it is judged here; with all that is void counted, where something is. */
type Roots = readonly [judged: RootHash, counted?: RootHash]

type ComparisonParts = Pick<ContextParts, 'record' | 'dag' | 'nowMs'> & {
  readonly folder: Folder
  readonly ledger: Ledger
  readonly pruner: Pruner
}

export class Comparison {
  readonly #parts: ComparisonParts
  /** The last one that was computed. */
  #last: { readonly of: string; readonly roots: Roots; readonly atMs: number } | undefined

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
    const roots = await this.#rootsAt(checkpoint)
    if (roots === undefined) return 'unknown'
    return roots.includes(checkpoint.root) ? 'same' : 'other'
  }

  /** True where just what it contains is held here, and judged otherwise. Runs in the queue of the context. */
  async judgesOtherwise(checkpoint: Checkpoint): Promise<boolean> {
    const roots = await this.#rootsAt(checkpoint)
    return roots !== undefined && roots[0] !== checkpoint.root
  }

  async #rootsAt(checkpoint: Checkpoint): Promise<Roots | undefined> {
    const { pruner, record } = this.#parts
    const bound = boundOf(checkpoint)
    if (checkpoint.contextId !== record.id || bound < pruner.bound) return undefined
    if (bound > pruner.bound) return this.#rootsAbove(checkpoint, bound)
    const own = pruner.checkpoint
    return own?.count === checkpoint.count ? [own.root] : undefined
  }

  async #rootsAbove(checkpoint: Checkpoint, bound: Bound): Promise<Roots | undefined> {
    const { ledger, nowMs } = this.#parts
    if (!this.holdsJust(checkpoint)) return undefined
    const of = `${toHex(checkpointHash(checkpoint))} ${ledger.removals === undefined ? '' : toHex(ledger.removals)}`
    if (this.#last?.of === of) return this.#last.roots
    // It costs what is above it: who asks for ever other ones gets no answer.
    if (this.#last && Math.abs(nowMs() - this.#last.atMs) < COMPARE_EVERY_MS) return undefined
    const roots = await this.#compute(bound)
    this.#last = { of, roots, atMs: nowMs() }
    return roots
  }

  async #compute(bound: Bound): Promise<Roots> {
    const { dag, folder } = this.#parts
    const all = dag.inOrder().filter(({ id, hlc }) => itemKey(hlc, id) < bound)
    const applied = new Set(folder.stack.map(({ id }) => id))
    const counting = all.filter(({ id }) => applied.has(id))
    const judged = await folder.rootOf(counting)
    return counting.length === all.length ? [judged] : [judged, await folder.rootOf(all)]
  }
}

/** A digest of removals where there were any. */
export function hasRemovals(digest: Bytes | undefined): boolean {
  return digest === undefined || digest.some((byte) => byte !== 0)
}
