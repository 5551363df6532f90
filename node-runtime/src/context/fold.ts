// The order in which deltas enter the state. Pure.
//
// Guest-storage apps: the state is the fold of all deltas in canonical order (HLC, id); what sorts before applied
// deltas is inserted by one undo down to the lowest position and one redo. Host-CRDT apps: merges commute, so new
// deltas go on top as they come.
import type { DeltaId } from '../base/ids.ts'

export interface Positioned {
  readonly id: DeltaId
  readonly hlc: bigint
}

export interface FoldPlan<T extends Positioned> {
  /** How many of the newest applied deltas to take away, newest first. */
  readonly undo: number
  /** What to apply then, in this order: the new ones and the undone ones. */
  readonly apply: readonly (T | Positioned)[]
}

export function comparePositions(a: Positioned, b: Positioned): number {
  if (a.hlc !== b.hlc) return a.hlc < b.hlc ? -1 : 1
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

/** `applied` is the stack as it was applied, oldest first; `arrived` is in canonical order and not in `applied`. */
export function planFold<T extends Positioned>(
  applied: readonly Positioned[],
  arrived: readonly T[],
  storage: 'guest' | 'host',
): FoldPlan<T> {
  const first = arrived[0]
  if (storage === 'host' || first === undefined) return { undo: 0, apply: arrived }
  let keep = applied.length
  for (let top = applied[keep - 1]; top !== undefined && comparePositions(top, first) > 0; top = applied[keep - 1]) {
    keep -= 1
  }
  const undone = applied.slice(keep)
  return { undo: undone.length, apply: mergeSorted(undone, arrived) }
}

function mergeSorted<T extends Positioned>(a: readonly Positioned[], b: readonly T[]): (T | Positioned)[] {
  const merged: (T | Positioned)[] = []
  let i = 0
  let j = 0
  for (;;) {
    const left = a[i]
    const right = b[j]
    if (left === undefined && right === undefined) return merged
    if (right === undefined || (left !== undefined && comparePositions(left, right) < 0)) {
      if (left !== undefined) merged.push(left)
      i += 1
    } else {
      merged.push(right)
      j += 1
    }
  }
}
