// The order in which deltas enter the state. Pure.
//
// What was made for an earlier version of the state comes first, whenever it came and whatever its stamp: between two versions
// the state is migrated. Within one version: of guest-storage apps the state is the fold of all deltas in canonical order (HLC,
// id), void ones left out; what sorts before applied deltas is inserted by one undo down to the lowest position and one redo.
// Of host-CRDT apps merges commute, so new deltas go on top as they come; but which one of a later version is the first says
// when and by whose code the state was migrated.
import type { DeltaId } from '../../base/ids.ts'
import { FIRST_STATE_VERSION } from '../../runtime/module/state-schema.ts'

export interface Positioned {
  readonly id: DeltaId
  readonly hlc: bigint
  /** Of the state that it was made for; absent: the first. */
  readonly version?: number
}

export interface FoldPlan<T extends Positioned> {
  /** How many of the newest applied deltas to take away, newest first. */
  readonly undo: number
  /** What to apply then, in this order: the new ones and the undone ones. */
  readonly apply: readonly (T | Positioned)[]
}

export function versionIn({ version }: Pick<Positioned, 'version'>): number {
  return version ?? FIRST_STATE_VERSION
}

export function comparePositions(a: Positioned, b: Positioned): number {
  if (a.version !== b.version) {
    const earlier = versionIn(a) - versionIn(b)
    if (earlier !== 0) return earlier
  }
  if (a.hlc !== b.hlc) return a.hlc < b.hlc ? -1 : 1
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

/**
 * `applied` is the stack as it was applied, oldest first; `arrived` is in canonical order and not in `applied`; `dropped`
 * are those of `applied` that are void now.
 */
export function planFold<T extends Positioned>(
  applied: readonly Positioned[],
  arrived: readonly T[],
  { storage, dropped = NONE }: { readonly storage: 'guest' | 'host'; readonly dropped?: ReadonlySet<DeltaId> },
): FoldPlan<T> {
  const compare = storage === 'host' ? compareOfHost : comparePositions
  const kept = Math.min(
    placeOf(applied, arrived[0], compare),
    dropped.size === 0 ? applied.length : lowestOf(applied, dropped),
  )
  const undone = applied.slice(kept)
  const again = undone.filter(({ id }) => !dropped.has(id))
  return { undo: undone.length, apply: mergeSorted(again, arrived, compare) }
}

/**
 * So that all up to `last` lie undermost in the stack of an app whose merges commute: from the first of the others on, all comes into
 * canonical order. Undefined where they do.
 */
export function planCut(applied: readonly Positioned[], last: Positioned): FoldPlan<Positioned> | undefined {
  const kept = applied.findIndex((entry) => comparePositions(entry, last) > 0)
  if (kept === -1) return undefined
  const above = applied.slice(kept)
  const apply = above.toSorted(comparePositions)
  const isBeneath = apply[0] !== undefined && comparePositions(apply[0], last) > 0
  return isBeneath ? undefined : { undo: above.length, apply }
}

function compareOfHost(a: Positioned, b: Positioned): number {
  const isFirst = versionIn(a) === FIRST_STATE_VERSION && versionIn(b) === FIRST_STATE_VERSION
  return isFirst ? 0 : comparePositions(a, b)
}

type Compare = typeof comparePositions

const NONE: ReadonlySet<DeltaId> = new Set()

function placeOf(applied: readonly Positioned[], first: Positioned | undefined, compare: Compare): number {
  let place = applied.length
  if (first === undefined) return place
  for (let top = applied[place - 1]; top !== undefined && compare(top, first) > 0; top = applied[place - 1]) {
    place -= 1
  }
  return place
}

function lowestOf(applied: readonly Positioned[], dropped: ReadonlySet<DeltaId>): number {
  const lowest = applied.findIndex(({ id }) => dropped.has(id))
  return lowest === -1 ? applied.length : lowest
}

/** Of equal ones those of `a` first. */
function mergeSorted<T extends Positioned>(
  a: readonly Positioned[],
  b: readonly T[],
  compare: Compare,
): (T | Positioned)[] {
  const merged: (T | Positioned)[] = []
  let i = 0
  let j = 0
  for (;;) {
    const left = a[i]
    const right = b[j]
    if (left === undefined && right === undefined) return merged
    if (right === undefined || (left !== undefined && compare(left, right) <= 0)) {
      if (left !== undefined) merged.push(left)
      i += 1
    } else {
      merged.push(right)
      j += 1
    }
  }
}
