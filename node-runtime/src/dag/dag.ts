// The causal graph of one context's deltas: which are complete, which wait, what the heads are, and the canonical order.
// It knows ids, parents and stamps; nothing of payloads, authority or time.
import { compareCanonical, type OrderKey } from '../base/causal.ts'
import type { DeltaId } from '../base/ids.ts'
import { WaitingRoom } from '../base/waiting-room.ts'
import { CanonicalOrder } from './canonical-order.ts'
import { INVALID_REMEMBERED_MAX, PENDING_MAX } from './limits.ts'

export interface DagNode {
  readonly id: DeltaId
  /** Empty: on the context's base. */
  readonly parents: readonly DeltaId[]
  readonly hlc: bigint
}

export interface ReceiveResult {
  readonly outcome: 'ready' | 'pending' | 'duplicate' | 'invalid'
  /** Newly causally complete, the received one and what waited for it, in canonical order. */
  readonly ready: readonly DagNode[]
  /** Parents of the received node that are neither complete nor waiting here: ask the sender. */
  readonly missing: readonly DeltaId[]
  /** Forgotten: the oldest pending at the cap. They may be received again. */
  readonly evicted: readonly DeltaId[]
  /** Found invalid and forgotten: the received one, or what waited for it. */
  readonly invalid: readonly DeltaId[]
  /** Why the outcome is `invalid`. */
  readonly reason?: string
}

/** The oldest ready nodes, as they can be pruned together. */
interface Prefix {
  /** In canonical order. */
  readonly nodes: readonly DagNode[]
  /**
   * What of the pruned must still be known, these nodes included: heads, and parents of what stays. It counts as ready
   * afterwards.
   */
  readonly beneath: readonly OrderKey<DeltaId>[]
}

export interface DagStats {
  readonly ready: number
  readonly pending: number
  readonly heads: number
  readonly missing: number
}

const NOTHING = { ready: [], missing: [], evicted: [], invalid: [] } as const

export class Dag {
  readonly #ready = new Map<DeltaId, DagNode>()
  readonly #order = new CanonicalOrder<DagNode>()
  /** Ready and named as a parent by no ready node. */
  readonly #heads = new Set<DeltaId>()
  readonly #pending = new WaitingRoom<DeltaId, DagNode>(PENDING_MAX)
  /** Pruned: in the state, so as good as ready. With its stamp, where it is known. */
  readonly #beneath = new Map<DeltaId, bigint | undefined>()
  readonly #invalid = new Set<DeltaId>()
  #completedOnRestore: readonly DagNode[] = []

  /**
   * From rows, in any order. `applied` nodes are ready whatever their parents: a parent without a row is pruned
   * history. What of `pending` turns out complete is in `completedOnRestore`. `beneath` is that of the last prefix.
   */
  static restore(
    applied: Iterable<DagNode>,
    pending: Iterable<DagNode>,
    beneath: Iterable<OrderKey<DeltaId>> = [],
  ): Dag {
    const dag = new Dag()
    for (const { id, hlc } of beneath) dag.#beneath.set(id, hlc)
    for (const node of applied) dag.#ready.set(node.id, node)
    dag.#order.fill(dag.#ready.values())
    const named = new Set<DeltaId>()
    for (const node of dag.#ready.values()) {
      for (const parent of node.parents) {
        named.add(parent)
        if (!dag.#ready.has(parent) && !dag.#beneath.has(parent)) dag.#beneath.set(parent, undefined)
      }
    }
    for (const ids of [dag.#beneath, dag.#ready]) for (const id of ids.keys()) if (!named.has(id)) dag.#heads.add(id)
    const completed = new Set<DagNode>()
    for (const node of pending) for (const ready of dag.receive(node).ready) completed.add(ready)
    dag.#completedOnRestore = [...completed].sort(compareCanonical)
    return dag
  }

  /** Restored as pending but complete: ready here, still to be applied by the caller. In canonical order. */
  get completedOnRestore(): readonly DagNode[] {
    return this.#completedOnRestore
  }

  receive(node: DagNode): ReceiveResult {
    if (this.isReady(node.id)) return { ...NOTHING, outcome: 'duplicate' }
    if (this.#pending.has(node.id)) {
      return { ...NOTHING, outcome: 'duplicate', missing: this.#pending.absentOf(node) }
    }
    const reason = this.#fault(node)
    if (reason !== undefined) return { ...NOTHING, outcome: 'invalid', invalid: this.#reject(node.id), reason }
    const invalid = this.#rejectEarlyChildren(node)
    const unmet = new Set(node.parents.filter((parent) => !this.isReady(parent)))
    if (unmet.size === 0) {
      const ready = this.#admit(node)
      return { ...NOTHING, outcome: 'ready', ready, invalid }
    }
    const evicted = this.#pending.add(node, unmet).map(({ id }) => id)
    return { ...NOTHING, outcome: 'pending', missing: this.#pending.absentOf(node), evicted, invalid }
  }

  /** A node that is pruned here turns out to be the parent of later ones: it is as good as ready. */
  learn(node: OrderKey<DeltaId>): Pick<ReceiveResult, 'ready' | 'invalid'> {
    if (this.#ready.has(node.id)) return NOTHING
    this.#beneath.set(node.id, node.hlc)
    const invalid = this.#rejectEarlyChildren(node)
    const ready = this.#pending.release(node.id).flatMap((child) => this.#admit(child))
    return { ready: ready.sort(compareCanonical), invalid }
  }

  /** True for what somebody waits for. */
  awaits(id: DeltaId): boolean {
    return this.#pending.childrenOf(id).length > 0
  }

  /** Sorted. The parents of the next delta written here. */
  heads(): DeltaId[] {
    return [...this.#heads].sort()
  }

  /** Ready or pending. */
  has(id: DeltaId): boolean {
    return this.isReady(id) || this.#pending.has(id)
  }

  get(id: DeltaId): DagNode | undefined {
    return this.#ready.get(id) ?? this.#pending.get(id)
  }

  isReady(id: DeltaId): boolean {
    return this.#ready.has(id) || this.#beneath.has(id)
  }

  /** The stamp of what is pruned and must still be known. */
  beneath(id: DeltaId): bigint | undefined {
    return this.#beneath.get(id)
  }

  /** A ready node that is not pruned. */
  ready(id: DeltaId): DagNode | undefined {
    return this.#ready.get(id)
  }

  /** The ready nodes in canonical order. */
  inOrder(): readonly DagNode[] {
    return this.#order.all()
  }

  /** What pruning the first `count` ready nodes takes and leaves. Costs the whole graph. */
  prefix(count: number): Prefix {
    const all = this.inOrder()
    const nodes = all.slice(0, count)
    const candidates = new Map<DeltaId, bigint | undefined>(this.#beneath)
    for (const { id, hlc } of nodes) candidates.set(id, hlc)
    const kept = new Map<DeltaId, bigint>()
    const keep = (id: DeltaId) => {
      const hlc = candidates.get(id)
      if (hlc !== undefined) kept.set(id, hlc)
    }
    for (const id of this.#heads) keep(id)
    for (const { parents } of all.slice(count)) for (const parent of parents) keep(parent)
    for (const { parents } of this.#pending.nodes()) for (const parent of parents) keep(parent)
    return { nodes, beneath: [...kept].map(([id, hlc]) => ({ id, hlc })).sort(compareCanonical) }
  }

  /** Takes out what `prefix` has just named. */
  prune({ nodes, beneath }: Prefix): void {
    for (const { id } of nodes) this.#ready.delete(id)
    this.#order.dropFirst(nodes.length)
    this.#beneath.clear()
    for (const { id, hlc } of beneath) this.#beneath.set(id, hlc)
  }

  /**
   * `id` will never be had here: what waits for it is forgotten and returned, and what builds on it is invalid from now on.
   */
  refuse(id: DeltaId): DeltaId[] {
    return this.isReady(id) ? [] : this.#reject(id).filter((each) => each !== id)
  }

  /** True for what can never be ready here, as far as it is remembered. */
  refuses(id: DeltaId): boolean {
    return this.#invalid.has(id)
  }

  /** Ids that pending nodes wait for and that are not here, longest wanted first. */
  missing(limit: number): DeltaId[] {
    return this.#pending.absent(limit)
  }

  /** Oldest first. */
  pending(): Iterable<DagNode> {
    return this.#pending.nodes()
  }

  get pendingCount(): number {
    return this.#pending.size
  }

  /** Ready nodes. */
  get size(): number {
    return this.#ready.size
  }

  /** Of the ready nodes; 0 when there is none. */
  newestHlc(): bigint {
    return this.#order.last()?.hlc ?? 0n
  }

  /** Ready nodes that sort after `node`, in canonical order: what must be undone to insert it. */
  after(node: OrderKey<DeltaId>): DagNode[] {
    return this.#order.after(node)
  }

  /** Canonical order: (hlc, id). */
  compare(a: OrderKey<DeltaId>, b: OrderKey<DeltaId>): number {
    return compareCanonical(a, b)
  }

  /** Takes a pending node out: given up, or moved out of memory. It may be received again. */
  forget(id: DeltaId): boolean {
    return this.#pending.remove(id)
  }

  stats(): DagStats {
    return {
      ready: this.#ready.size,
      pending: this.#pending.size,
      heads: this.#heads.size,
      missing: this.#pending.absentCount,
    }
  }

  #fault(node: DagNode): string | undefined {
    if (this.#invalid.has(node.id)) return 'was found invalid before'
    if (new Set(node.parents).size !== node.parents.length) return 'names a parent twice'
    for (const parent of node.parents) {
      if (parent === node.id) return 'names itself as its parent'
      if (this.#invalid.has(parent)) return `builds on ${parent}, which is invalid`
      const stamp = this.get(parent)?.hlc ?? this.#beneath.get(parent)
      if (stamp !== undefined && stamp >= node.hlc) return `is not later than its parent ${parent}`
    }
    return undefined
  }

  /** Forgets `id` and all that build on it, and remembers that they are invalid. */
  #reject(id: DeltaId): DeltaId[] {
    const rejected = [id, ...this.#pending.removeWithDescendants(id).map((node) => node.id)]
    for (const each of new Set(rejected)) {
      this.#invalid.add(each)
      const [oldest] = this.#invalid
      if (this.#invalid.size > INVALID_REMEMBERED_MAX && oldest !== undefined) this.#invalid.delete(oldest)
    }
    return [...new Set(rejected)]
  }

  /** Those who wait for `node` although they are not later than it. */
  #rejectEarlyChildren(node: OrderKey<DeltaId>): DeltaId[] {
    const early = this.#pending.childrenOf(node.id).filter((child) => child.hlc <= node.hlc)
    return early.flatMap((child) => (this.#pending.has(child.id) ? this.#reject(child.id) : []))
  }

  /** Everything that `node` completes, iteratively. Children were checked against each parent when both were here. */
  #admit(node: DagNode): DagNode[] {
    const ready: DagNode[] = []
    const work = [node]
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      this.#ready.set(next.id, next)
      this.#order.insert(next)
      for (const parent of next.parents) this.#heads.delete(parent)
      this.#heads.add(next.id)
      ready.push(next)
      for (const child of this.#pending.release(next.id)) work.push(child)
    }
    return ready.sort(compareCanonical)
  }
}
