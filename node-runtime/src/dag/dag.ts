// The causal graph of one context's deltas: which are complete, which wait, what the heads are, and the canonical order.
import type { DeltaId } from '../base/ids.ts'

export interface DagNode {
  readonly id: DeltaId
  readonly parents: readonly DeltaId[]
  readonly hlc: bigint
}

export interface ReceiveResult {
  readonly outcome: 'ready' | 'pending' | 'duplicate' | 'invalid'
  /** Newly causally complete, the received one and what waited for it, in canonical order. */
  readonly ready: readonly DagNode[]
  /** Parents of the received node that nothing here names an arrival of: ask the sender. */
  readonly missing: readonly DeltaId[]
  /** Forgotten: the oldest pending at the cap. They may be received again. */
  readonly evicted: readonly DeltaId[]
  /** Found invalid, the received one or what waited for it; forgotten. */
  readonly invalid: readonly DeltaId[]
  readonly reason?: string
}

export interface DagStats {
  readonly ready: number
  readonly pending: number
  readonly heads: number
  readonly missing: number
}

export declare class Dag {
  /** Rows in any order. */
  static restore(applied: Iterable<DagNode>, pending: Iterable<DagNode>): Dag
  receive(node: DagNode): ReceiveResult
  heads(): DeltaId[]
  has(id: DeltaId): boolean
  get(id: DeltaId): DagNode | undefined
  isReady(id: DeltaId): boolean
  missing(limit: number): DeltaId[]
  get pendingCount(): number
  get size(): number
  newestHlc(): bigint
  /** Ready nodes that sort after `node`, in canonical order: what must be undone to insert it. */
  after(node: Pick<DagNode, 'id' | 'hlc'>): DagNode[]
  /** Canonical order: (hlc, id). */
  compare(a: Pick<DagNode, 'id' | 'hlc'>, b: Pick<DagNode, 'id' | 'hlc'>): number
  /** Ready ids outside the closure of `have`, the first `limit` in canonical order. Unknown ids in `have` are ignored. */
  ancestorsMissing(have: readonly DeltaId[], limit: number): DeltaId[]
  /** Takes a pending node out (given up, or void). */
  forget(id: DeltaId): boolean
  stats(): DagStats
}
