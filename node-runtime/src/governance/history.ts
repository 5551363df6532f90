// Accepted operations, and the state at any cut of them. Every state is the exact fold of a causally closed set;
// recent ones are kept, and every 256th for good, so that a cut is reached by folding little.
import { causalDifference, LatestFirst } from '../base/causal.ts'
import type { AccountId, NamespaceId, OpId } from '../base/ids.ts'
import type { Operation } from '../base/operations.ts'
import { Forks, type Placed } from './forks.ts'
import { CUTS_KEPT_MAX, LANDMARK_EVERY, ROUTE_SHORT_MAX } from './limits.ts'
import { NamespaceSnapshot } from './namespace-snapshot.ts'
import { foldSegment } from './segment.ts'

interface Accepted<O> extends Placed {
  readonly op: Operation & O
}

interface Route<O> {
  readonly base: NamespaceSnapshot
  /** The operation that it is the state at; absent: none. */
  readonly baseId: OpId | undefined
  /** Oldest first; each descends from the last operation of the one before. */
  readonly segments: readonly (readonly Accepted<O>[])[]
}

export class History<O extends Operation> {
  readonly #empty: NamespaceSnapshot
  readonly #accepted = new Map<OpId, Accepted<O>>()
  readonly #heads = new Set<OpId>()
  /** At the heads, until the next operation. */
  #latest: NamespaceSnapshot | undefined
  /** By the heads of the cut, least recently used first. */
  readonly #cuts = new Map<string, NamespaceSnapshot>()
  readonly #landmarks = new Map<OpId, NamespaceSnapshot>()
  readonly #forks = new Forks((id) => this.#accepted.get(id))

  constructor(namespaceId: NamespaceId) {
    this.#empty = NamespaceSnapshot.empty(namespaceId)
  }

  get size(): number {
    return this.#accepted.size
  }

  has(id: OpId): boolean {
    return this.#accepted.has(id)
  }

  get(id: OpId): O | undefined {
    return this.#accepted.get(id)?.op
  }

  heads(): OpId[] {
    return [...this.#heads].sort()
  }

  /** Its parents are here. `revokes`: see JudgedOp. */
  add(op: O, revokes: AccountId | undefined): void {
    let generation = 1
    for (const parent of op.parents) {
      this.#heads.delete(parent)
      generation = Math.max(generation, 1 + (this.#accepted.get(parent)?.generation ?? 0))
    }
    this.#heads.add(op.id)
    this.#latest = undefined
    this.#accepted.set(op.id, { op, generation, ...(revokes === undefined ? {} : { revokes }) })
  }

  /** In canonical order, so parents come first. Unknown ids in `have` are ignored. */
  notIn(have: readonly OpId[]): O[] {
    return causalDifference<OpId, O>({ heads: this.#heads, have, get: (id) => this.get(id) })
  }

  newest(limit: number): O[] {
    const queue = new LatestFirst<O>()
    const reached = new Set<OpId>()
    const reach = (id: OpId) => {
      const op = this.get(id)
      if (op === undefined || reached.has(id)) return
      reached.add(id)
      queue.push(op)
    }
    for (const id of this.#heads) reach(id)
    const found: O[] = []
    for (let op = queue.pop(); op !== undefined && found.length < limit; op = queue.pop()) {
      found.push(op)
      for (const parent of op.parents) reach(parent)
    }
    return found.reverse()
  }

  /** With everything that is accepted. */
  latest(): NamespaceSnapshot {
    this.#latest ??= this.stateAt(this.heads())
    return this.#latest
  }

  /** All of `heads` are here. The empty cut is the state before the first operation. */
  stateAt(heads: readonly OpId[]): NamespaceSnapshot {
    const sorted = heads.length === 1 ? heads : [...new Set(heads)].sort()
    const key = sorted.join()
    const kept = this.#kept(key)
    if (kept !== undefined) return kept
    const state = this.#foldTo(sorted)
    this.#keep(key, state)
    return state
  }

  #foldTo(heads: readonly OpId[]): NamespaceSnapshot {
    // Between heads that nothing has merged for long, what is kept of a cut before is of more use.
    const short = heads.length > 1 ? this.#routeTo(heads, ROUTE_SHORT_MAX) : undefined
    const grown = heads.length > 1 && short === undefined ? this.#forks.stateAt(heads) : undefined
    if (grown !== undefined) return grown
    const { base, baseId, segments } = short ?? this.#routeTo(heads)
    let state = base
    let before = baseId
    for (const [i, segment] of segments.entries()) {
      // Above the last operation of the last segment there may be others of the cut; of the rest there are none.
      const isCut = i < segments.length - 1 || heads.length === 1
      const isLong = !isCut && segment.length > ROUTE_SHORT_MAX
      state = isLong ? this.#forks.fold(segment, state, before) : foldSegment(state, segment)
      const top = segment.at(-1)
      if (top && isCut && top.generation % LANDMARK_EVERY === 0) this.#landmarks.set(top.op.id, state)
      before = top?.op.id
    }
    return state
  }

  /**
   * Back from the heads to a cut that is kept, noting each operation that everything later descends from. Undefined where there
   * are more than `most` operations between.
   */
  #routeTo(heads: readonly OpId[]): Route<O>
  #routeTo(heads: readonly OpId[], most: number): Route<O> | undefined
  #routeTo(heads: readonly OpId[], most = Number.POSITIVE_INFINITY): Route<O> | undefined {
    const queue = new LatestFirst<O>()
    const reached = new Set<OpId>()
    const reach = (id: OpId) => {
      const op = this.get(id)
      if (op === undefined || reached.has(id)) return
      reached.add(id)
      queue.push(op)
    }
    for (const id of heads) reach(id)
    const segments: Accepted<O>[][] = []
    let segment: Accepted<O>[] = []
    let base: NamespaceSnapshot | undefined
    let baseId: OpId | undefined
    // A second genesis descends from nothing: from there on nothing is common to all but the empty state.
    let isRooted = false
    while (base === undefined) {
      const latest = queue.peek()
      if (latest !== undefined && queue.size === 1 && !isRooted) {
        if (segment.length > 0) segments.push(segment.reverse())
        segment = []
        base = this.#kept(latest.id)
        baseId = latest.id
        if (base !== undefined) break
      }
      if (reached.size - queue.size >= most) return undefined
      const op = queue.pop()
      const accepted = op && this.#accepted.get(op.id)
      if (op === undefined || accepted === undefined) break
      segment.push(accepted)
      isRooted ||= op.parents.length === 0
      for (const parent of op.parents) reach(parent)
      // The common step of a merge: its parents' cut was just judged.
      const isFirst = segments.length === 0 && segment.length === 1
      if (isFirst && heads.length === 1 && op.parents.length > 1) base = this.#kept(op.parents.join())
    }
    if (segment.length > 0) segments.push(segment.reverse())
    return { base: base ?? this.#empty, baseId: base && baseId, segments: segments.reverse() }
  }

  #kept(key: string): NamespaceSnapshot | undefined {
    if (key === '') return this.#empty
    const state = this.#cuts.get(key)
    if (state === undefined) return this.#landmarks.get(key as OpId)
    this.#cuts.delete(key)
    this.#cuts.set(key, state)
    return state
  }

  #keep(key: string, state: NamespaceSnapshot): void {
    this.#cuts.set(key, state)
    if (this.#cuts.size <= CUTS_KEPT_MAX) return
    const oldest = this.#cuts.keys().next()
    if (!oldest.done) this.#cuts.delete(oldest.value)
  }
}
