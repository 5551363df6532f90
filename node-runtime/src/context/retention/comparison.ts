// What this node can say of a member's checkpoint: whether it holds just what that contains, and has the same root there.
// A root is computed in memory, by taking back what is above, or folding again what was judged otherwise.
import { type Bytes, EMPTY, equalBytes, toHex } from '../../base/bytes.ts'
import type { DeltaId, RootHash } from '../../base/ids.ts'
import type { DagNode } from '../../dag/dag.ts'
import { type Bound, itemKey } from '../../reconcile/item-key.ts'
import { type Checkpoint, checkpointHash } from '../../wire/checkpoint.ts'
import type { Folder } from '../apply/folder.ts'
import { digestOf } from '../apply/void-set.ts'
import type { Ledger } from '../ledger.ts'
import { COMPARE_EVERY_MS } from '../limits.ts'
import type { ContextParts } from '../parts.ts'
import { boundOf } from './checkpoint.ts'
import type { Pruner } from './pruner.ts'

/**
 * `same`: it is the root of what is held here up to there, or would be if removals had made nothing void in it, or just
 * what the checkpoint says: then its author had pruned the rest before it heard of them. `unknown`: something else is held here, or what there was is pruned, or
 * it was asked too often.
 */
export type Standing = 'same' | 'other' | 'unknown'

/** As it is judged here first; with all that is void counted, and as its author judged it, where that is something else. */
type Roots = readonly RootHash[]

type ComparisonParts = Pick<ContextParts, 'record' | 'rows' | 'dag' | 'authority' | 'nowMs'> & {
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
    const roots = await this.#compute(checkpoint, bound)
    this.#last = { of, roots, atMs: nowMs() }
    return roots
  }

  async #compute(checkpoint: Checkpoint, bound: Bound): Promise<Roots> {
    const { dag, folder } = this.#parts
    const all = dag.inOrder().filter(({ id, hlc }) => itemKey(hlc, id) < bound)
    const applied = new Set(folder.stack.map(({ id }) => id))
    const ways = [all.filter(({ id }) => applied.has(id)), all, this.#asJudgedBy(checkpoint, all)]
    const roots: RootHash[] = []
    const seen = new Set<string>()
    for (const way of ways) {
      const key = way?.map(({ id }) => id).join()
      if (way === undefined || key === undefined || seen.has(key)) continue
      seen.add(key)
      roots.push(await folder.rootOf(way))
    }
    return roots
  }

  /**
   * What counts of `all` by its author's word, which is taken only of what a removal puts in question: nobody may say of
   * anything else that it is void. Undefined where it cannot be told which it has found void.
   */
  #asJudgedBy({ voids }: Checkpoint, all: readonly DagNode[]): readonly DagNode[] | undefined {
    const { record, rows, authority, pruner } = this.#parts
    const named = new Set(voids?.latest)
    const isVoid = all.filter(({ id }) => named.has(id)).map(({ id }) => id)
    const digest = digestOf(isVoid, pruner.checkpoint?.voids?.digest)
    if (!equalBytes(digest ?? EMPTY, voids?.digest ?? EMPTY)) return undefined
    const isQuestioned = (id: DeltaId) => {
      const delta = rows.delta(id)
      return delta !== undefined && authority.removalsUnseen(record.id, delta).length > 0
    }
    return isVoid.every(isQuestioned) ? all.filter(({ id }) => !named.has(id)) : undefined
  }
}

/** A digest of removals where there were any. */
export function hasRemovals(digest: Bytes | undefined): boolean {
  return digest === undefined || digest.some((byte) => byte !== 0)
}
