// Where history may be cut. Pure: what is stable is the frontier's to say, and the root at the cut the folder's.
import type { PublicKey } from '../../base/ids.ts'
import type { DagNode } from '../../dag/dag.ts'
import { type Bound, behind, itemKey, START } from '../../reconcile/item-key.ts'
import type { Checkpoint } from '../../wire/checkpoint.ts'
import { comparePositions, type Positioned } from '../apply/fold.ts'

/** What sorts before it is in the checkpoint. */
export function boundOf(checkpoint: Checkpoint | undefined): Bound {
  return checkpoint === undefined ? START : behind(itemKey(checkpoint.last.hlc, checkpoint.last.id))
}

/** Up to which stamp it contains what each author wrote. */
export function containedIn(checkpoint: Checkpoint | undefined): ReadonlyMap<PublicKey, bigint> {
  return new Map(checkpoint?.authors.map(({ author, hlc }) => [author, hlc]))
}

export interface Cut {
  /** Of the oldest ready deltas, void ones included. */
  readonly nodes: number
  /** Of the stack. */
  readonly stack: number
}

/**
 * The longest part of `stable`, the oldest ready deltas in canonical order, of which the applied ones lie undermost in
 * the stack: below any of them there is only what goes, too. Stacks of host-CRDT apps are in the order of arrival.
 */
export function cutOf(stack: readonly Positioned[], stable: readonly DagNode[]): Cut {
  const last = stable.at(-1)
  if (last === undefined) return { nodes: 0, stack: 0 }
  // From the top down: the least of what stays above each place.
  const least: (Positioned | undefined)[] = new Array(stack.length + 1).fill(undefined)
  for (let index = stack.length - 1; index >= 0; index -= 1) {
    const [entry, above] = [stack[index], least[index + 1]]
    least[index] = entry !== undefined && (above === undefined || comparePositions(entry, above) < 0) ? entry : above
  }
  let greatest: Positioned | undefined
  let cut = 0
  for (const [index, entry] of stack.entries()) {
    if (greatest === undefined || comparePositions(entry, greatest) > 0) greatest = entry
    if (comparePositions(greatest, last) > 0) break
    const above = least[index + 1]
    if (above === undefined || comparePositions(greatest, above) < 0) cut = index + 1
  }
  const above = least[cut]
  const end = above === undefined ? stable.length : stable.findIndex((node) => comparePositions(node, above) >= 0)
  return { nodes: end === -1 ? stable.length : end, stack: cut }
}

/** `newer` win: they are later. */
export function joinAuthors(
  known: Checkpoint['authors'],
  newer: Iterable<{ readonly author: PublicKey; readonly hlc: bigint }>,
): Checkpoint['authors'] {
  const stamps = new Map<PublicKey, bigint>(known.map(({ author, hlc }) => [author, hlc]))
  for (const { author, hlc } of newer) if (hlc > (stamps.get(author) ?? 0n)) stamps.set(author, hlc)
  return [...stamps].map(([author, hlc]) => ({ author, hlc })).sort((a, b) => (a.author < b.author ? -1 : 1))
}
