// What every member of a context is known to have, and so which applied deltas are stable: no undo will ever reach them
// and no honest member will ever need them again. The caller verifies and stores acknowledgements; this only counts.
import type { OrderKey } from '../base/causal.ts'
import type { DeltaId } from '../base/ids.ts'
import type { DagNode } from './dag.ts'

/** The part of the graph that is looked at. */
export interface Graph {
  /** Undefined for what is not here, waits for parents, or is pruned. */
  ready(id: DeltaId): DagNode | undefined
  /** Of what is complete or pruned; undefined for any other id. */
  stampOf(id: DeltaId): bigint | undefined
}

export class Acknowledgements<Member> {
  readonly #graph: Graph
  /** One bit a member, in the order they came. */
  readonly #bits = new Map<Member, bigint>()
  /** The newest stamp among the heads a member has acknowledged: what it writes from then on is later. */
  readonly #newest = new Map<Member, bigint>()
  readonly #had = new Map<DeltaId, bigint>()

  constructor(graph: Graph) {
    this.#graph = graph
  }

  /**
   * `member` has these heads and all beneath them. False, and nothing changed, while one of them is not here: what it
   * has is not known then. Costs what is newly acknowledged.
   */
  acknowledge(member: Member, heads: readonly DeltaId[]): boolean {
    let newest = this.#newest.get(member)
    const nodes: DagNode[] = []
    for (const head of heads) {
      const node = this.#graph.ready(head)
      const hlc = this.#graph.stampOf(head)
      if (hlc === undefined) return false
      if (node !== undefined) nodes.push(node)
      if (newest === undefined || hlc > newest) newest = hlc
    }
    if (newest !== undefined) this.#newest.set(member, newest)
    this.#mark(this.#bitOf(member), nodes)
    return true
  }

  /**
   * How many of the first `applied` are stable: each acknowledged by all of `counted`, and earlier than anything that
   * one of them may still write. 0 when a counted member has acknowledged nothing.
   */
  stable(applied: readonly OrderKey<DeltaId>[], counted: Iterable<Member>): number {
    let all = 0n
    let limit: bigint | undefined
    for (const member of counted) {
      const newest = this.#newest.get(member)
      if (newest === undefined) return 0
      all |= this.#bitOf(member)
      if (limit === undefined || newest < limit) limit = newest
    }
    if (limit === undefined) return 0
    let count = 0
    for (const { id, hlc } of applied) {
      if (hlc >= limit || ((this.#had.get(id) ?? 0n) & all) !== all) break
      count += 1
    }
    return count
  }

  /** It has what it had, and nothing is stable with it until it says so anew. */
  doubt(member: Member): void {
    this.#newest.delete(member)
  }

  /** Pruned deltas need no marks. */
  forget(ids: Iterable<DeltaId>): void {
    for (const id of ids) this.#had.delete(id)
  }

  #mark(bit: bigint, from: readonly DagNode[]): void {
    const work = [...from]
    for (let node = work.pop(); node !== undefined; node = work.pop()) {
      const had = this.#had.get(node.id) ?? 0n
      // What it had is closed: its ancestors are marked, too.
      if ((had & bit) !== 0n) continue
      this.#had.set(node.id, had | bit)
      for (const parent of node.parents) {
        const above = this.#graph.ready(parent)
        if (above !== undefined) work.push(above)
      }
    }
  }

  #bitOf(member: Member): bigint {
    const known = this.#bits.get(member)
    if (known !== undefined) return known
    const bit = 1n << BigInt(this.#bits.size)
    this.#bits.set(member, bit)
    return bit
  }
}
