// Folds of what lies between heads that nobody has merged yet. Each grows with its heads, so that an operation costs what it
// changes, not what they have apart.
import type { OpId } from '../base/ids.ts'
import { FORKED_OPS_MAX, FORKS_KEPT_MAX, ROUTE_SHORT_MAX } from './limits.ts'
import type { NamespaceSnapshot } from './namespace-snapshot.ts'
import { type JudgedOp, Segment } from './segment.ts'

/** An operation that is accepted. */
export interface Placed extends JudgedOp {
  /** 1 + that of the latest parent. */
  readonly generation: number
}

interface Fork {
  /** All of the segment descend from it; absent: from the empty state. */
  readonly baseId: OpId | undefined
  readonly segment: Segment
  /** What nothing in the segment descends from. */
  readonly heads: Set<OpId>
  /** Operations that it had at first. */
  readonly begunWith: number
}

export class Forks {
  readonly #accepted: (id: OpId) => Placed | undefined
  /** Last used first. */
  #forks: readonly Fork[] = []

  constructor(accepted: (id: OpId) => Placed | undefined) {
    this.#accepted = accepted
  }

  /** By one that grows to the cut of `heads`; undefined where none is part of it, or one would grow beyond use. */
  stateAt(heads: readonly OpId[]): NamespaceSnapshot | undefined {
    for (const fork of this.#forks) {
      const more = this.#beyond(fork, heads)
      if (more === undefined) continue
      grow(fork, more)
      this.#use(fork)
      return fork.segment.state()
    }
    return undefined
  }

  /** `segment` is all from behind the one operation `baseId`, or the beginning, up to some heads. */
  fold(segment: readonly JudgedOp[], base: NamespaceSnapshot, baseId: OpId | undefined): NamespaceSnapshot {
    const fork: Fork = { baseId, segment: new Segment(base), heads: new Set(), begunWith: segment.length }
    grow(fork, segment)
    this.#use(fork)
    return fork.segment.state()
  }

  /** Parents first. Undefined where the cut lacks something of the fork, or has something that its base is not beneath. */
  #beyond({ baseId, segment, heads: ends, begunWith }: Fork, heads: readonly OpId[]): readonly Placed[] | undefined {
    // By twice as much there may be a later base, and to begin there again costs no more than it has grown by.
    const most = begunWith + ROUTE_SHORT_MAX - (segment.size - begunWith)
    const lowest = baseId === undefined ? 0 : (this.#accepted(baseId)?.generation ?? 0)
    const found = new Map<OpId, Placed>()
    const met = new Set<OpId>(heads)
    const work = [...heads]
    for (let id = work.pop(); id !== undefined; id = work.pop()) {
      if (id === baseId || segment.has(id) || found.has(id)) continue
      const placed = this.#accepted(id)
      if (placed === undefined || placed.generation <= lowest || found.size >= most) return undefined
      found.set(id, placed)
      for (const parent of placed.op.parents) {
        met.add(parent)
        work.push(parent)
      }
    }
    if (![...ends].every((id) => met.has(id))) return undefined
    return [...found.values()].sort((a, b) => a.generation - b.generation)
  }

  #use(fork: Fork): void {
    const all = [fork, ...this.#forks.filter((other) => other !== fork)]
    let ops = 0
    const fits = ({ segment }: Fork) => {
      ops += segment.size
      return ops <= FORKED_OPS_MAX
    }
    this.#forks = all.slice(0, FORKS_KEPT_MAX).filter((each, i) => fits(each) || i === 0)
  }
}

function grow({ segment, heads }: Fork, ops: readonly JudgedOp[]): void {
  segment.add(ops)
  for (const { op } of ops) {
    for (const parent of op.parents) heads.delete(parent)
    heads.add(op.id)
  }
}
