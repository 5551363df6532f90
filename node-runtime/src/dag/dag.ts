// The causal graph of one context's deltas: which are complete, which wait, what the heads are, and the canonical order.
// It knows ids, parents, authors and stamps, and how far history is pruned; nothing of payloads, authority or time.
import { compareCanonical, type OrderKey } from '../base/causal.ts'
import { type DeltaId, type OpId, type PublicKey, stampOf } from '../base/ids.ts'
import { WaitingRoom } from '../base/waiting-room.ts'
import { CanonicalOrder } from './canonical-order.ts'
import { PENDING_MAX } from './limits.ts'

export interface DagNode {
  readonly id: DeltaId
  /** Empty: on the context's base. Each sorts before the node: whoever read it has checked that. */
  readonly parents: readonly DeltaId[]
  readonly hlc: bigint
  readonly author: PublicKey
  /** Of the parents, the author's one before this; undefined for its first. */
  readonly previous: DeltaId | undefined
  /** The cut of the log that its author named. Nothing here depends on it. */
  readonly governance: readonly OpId[]
}

/** Up to where history is pruned: nothing there is waited for, and what stands there is told from what is lost. */
export interface Floor {
  readonly last: DeltaId
  /** Heads of what stands beneath. */
  readonly heads: readonly DeltaId[]
  /** Of an id at or before `last`: whether one can build on it. */
  readonly stands: (id: DeltaId) => boolean
  /** From here on `stands` knows; what is older is taken for standing. */
  readonly oldest: string
  /** The newest of each author that stands beneath. */
  readonly authors: Readonly<Record<PublicKey, DeltaId>>
}

type Built = Pick<DagNode, 'id' | 'parents' | 'author' | 'previous'>

export interface ReceiveResult {
  readonly outcome: 'ready' | 'pending' | 'duplicate'
  /** Newly causally complete, the received one and what waited for it, in canonical order: all of it, or up to the limit. */
  readonly ready: readonly DagNode[]
  /** Parents of the received node that are neither complete nor waiting here: ask the sender. */
  readonly missing: readonly DeltaId[]
  /** Forgotten: the oldest pending at the cap. They may be received again. */
  readonly evicted: readonly DeltaId[]
}

export interface DagStats {
  readonly ready: number
  readonly pending: number
  readonly heads: number
  readonly missing: number
}

const NOTHING = { ready: [], missing: [], evicted: [] } as const

/** Ids of those of `nodes`, which ascend, that are built on what neither stands beneath the floor nor is to come. */
export function lostOver(nodes: Iterable<Built>, floor: Floor | undefined): Set<DeltaId> {
  const lost = new Set<DeltaId>()
  if (floor !== undefined) for (const node of nodes) if (isLostOver(node, lost, floor)) lost.add(node.id)
  return lost
}

/**
 * Whoever was away does not know what it has lost, and goes on. A floor that names no more what was lost beneath it still names where
 * each author stands: what follows on from something later than that is lost for good, and its author writes all of it again.
 * Not what follows on from something earlier: an author that went on from older data has two deltas on one, and what all the
 * others have built on the later one must not be lost because history is pruned between them.
 */
function isLostOver({ parents, author, previous }: Built, lost: ReadonlySet<DeltaId>, floor: Floor): boolean {
  const isUnnamed = previous !== undefined && previous <= floor.last && previous < floor.oldest
  if (isUnnamed && previous > (floor.authors[author] ?? '')) return true
  return parents.some((parent) => (parent <= floor.last ? !floor.stands(parent) : lost.has(parent)))
}

export class Dag {
  readonly #ready = new Map<DeltaId, DagNode>()
  readonly #order = new CanonicalOrder<DagNode>()
  /** Ready and named as a parent by no ready node. */
  readonly #heads = new Set<DeltaId>()
  /** Of the ready ones: built on what is lost. */
  #lost = new Set<DeltaId>()
  /** Not lost, and named as a parent by none that is not. */
  readonly #tips = new Set<DeltaId>()
  /** By author, of what is not lost. */
  readonly #newest = new Map<PublicKey, DeltaId>()
  readonly #pending: WaitingRoom<DeltaId, DagNode>
  /** Wait for nothing any more, and are still to be made ready: more than the caller wanted in one go. */
  readonly #due = new Map<DeltaId, DagNode>()
  #floor: Floor | undefined

  constructor(pendingMax = PENDING_MAX) {
    this.#pending = new WaitingRoom(pendingMax)
  }

  /** From rows, in any order: `ready` is complete above the floor. */
  static restore(ready: Iterable<DagNode>, floor?: Floor, pendingMax?: number): Dag {
    const dag = new Dag(pendingMax)
    dag.#floor = floor
    for (const node of ready) dag.#ready.set(node.id, node)
    dag.#order.fill(dag.#ready.values())
    dag.#look()
    return dag
  }

  /** With a limit, `receiveDue` makes the rest ready, before anything else is received. What `isKept` is never forgotten. */
  receive(node: DagNode, limit = Number.POSITIVE_INFINITY, isKept = false): ReceiveResult {
    if (this.#due.size > 0) throw new Error(`${node.id} is received while ${this.#due.size} before it are due`)
    if (this.isReady(node.id)) return { ...NOTHING, outcome: 'duplicate' }
    if (this.#pending.has(node.id)) {
      return { ...NOTHING, outcome: 'duplicate', missing: this.#pending.absentOf(node) }
    }
    const unmet = new Set(node.parents.filter((parent) => !this.isReady(parent)))
    if (unmet.size === 0) {
      this.#due.set(node.id, node)
      return { ...NOTHING, outcome: 'ready', ready: this.receiveDue(limit) }
    }
    const evicted = this.#pending.add(node, unmet, isKept).map(({ id }) => id)
    return { ...NOTHING, outcome: 'pending', missing: this.#pending.absentOf(node), evicted }
  }

  /** Of what the last one received completes, up to `limit` more, in canonical order. None: that was all. */
  receiveDue(limit = Number.POSITIVE_INFINITY): DagNode[] {
    const ready: DagNode[] = []
    for (const [id, node] of this.#due) {
      if (ready.length >= limit) break
      this.#due.delete(id)
      this.#admit(node)
      ready.push(node)
      for (const child of this.#pending.release(id)) this.#due.set(child.id, child)
    }
    return ready.sort(compareCanonical)
  }

  /** Sorted. All that is ready is in their past. */
  heads(): DeltaId[] {
    return [...this.#heads].sort()
  }

  /** Sorted. The parents of the next delta written here: what is built on a lost one is lost. */
  tips(): DeltaId[] {
    return [...this.#tips].sort()
  }

  /** The newest delta of the author that is ready and not lost, or stands beneath the floor: its next one follows on from it. */
  newestOf(author: PublicKey): DeltaId | undefined {
    return this.#newest.get(author) ?? this.#floor?.authors[author]
  }

  /** Ready or pending. */
  has(id: DeltaId): boolean {
    return this.isReady(id) || this.#pending.has(id) || this.#due.has(id)
  }

  get(id: DeltaId): DagNode | undefined {
    return this.#ready.get(id) ?? this.#pending.get(id) ?? this.#due.get(id)
  }

  /** Complete, or beneath the floor. */
  isReady(id: DeltaId): boolean {
    return this.#ready.has(id) || this.isBeneath(id)
  }

  /** At or before the end of what is pruned, whether it was in it or not. */
  isBeneath(id: DeltaId): boolean {
    return this.#floor !== undefined && id <= this.#floor.last
  }

  /** A ready node that is not lost, or what one can build on beneath the floor. */
  stands(id: DeltaId): boolean {
    return this.#ready.has(id) ? !this.isLost(id) : this.isBeneath(id) && this.#floor?.stands(id) === true
  }

  /** A ready node that is built on what is lost: it counts nowhere. */
  isLost(id: DeltaId): boolean {
    return this.#lost.has(id)
  }

  /** A ready node that is not pruned. */
  ready(id: DeltaId): DagNode | undefined {
    return this.#ready.get(id)
  }

  /** The ready nodes in canonical order. */
  inOrder(): readonly DagNode[] {
    return this.#order.all()
  }

  /**
   * All up to the end of `floor` goes. Returns what waited there, and what waited for something there and is to be received
   * again. Costs the whole graph.
   */
  prune(floor: Floor): { readonly gone: DagNode[]; readonly woken: DagNode[] } {
    const all = this.inOrder()
    const above = all.findIndex(({ id }) => id > floor.last)
    const count = above === -1 ? all.length : above
    for (const { id } of all.slice(0, count)) this.#ready.delete(id)
    this.#order.dropFirst(count)
    this.#floor = floor
    this.#look()
    const waiting = [...this.#pending.nodes()]
    const gone = waiting.filter(({ id }) => id <= floor.last)
    const woken = waiting.filter(({ id, parents }) => id > floor.last && parents.some((parent) => parent <= floor.last))
    for (const { id } of [...gone, ...woken]) this.#pending.remove(id)
    return { gone, woken }
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

  /** The stamp of what is known to be complete. */
  stampOf(id: DeltaId): bigint | undefined {
    return this.isReady(id) ? stampOf(id) : undefined
  }

  stats(): DagStats {
    return {
      ready: this.#ready.size,
      pending: this.#pending.size,
      heads: this.#heads.size,
      missing: this.#pending.absentCount,
    }
  }

  /** Its parents are ready. */
  #admit(node: DagNode): void {
    this.#ready.set(node.id, node)
    this.#order.insert(node)
    if (this.#floor !== undefined && isLostOver(node, this.#lost, this.#floor)) this.#lost.add(node.id)
    this.#name(node)
  }

  /** What is lost, and what the heads are, from all there is. */
  #look(): void {
    this.#lost = lostOver(this.inOrder(), this.#floor)
    this.#heads.clear()
    this.#tips.clear()
    this.#newest.clear()
    for (const ids of [this.#heads, this.#tips]) for (const id of this.#floor?.heads ?? []) ids.add(id)
    for (const node of this.inOrder()) this.#name(node)
  }

  /** Comes after its parents. */
  #name({ id, parents, author }: DagNode): void {
    for (const parent of parents) this.#heads.delete(parent)
    this.#heads.add(id)
    if (this.#lost.has(id)) return
    for (const parent of parents) this.#tips.delete(parent)
    this.#tips.add(id)
    if (id > (this.#newest.get(author) ?? '')) this.#newest.set(author, id)
  }
}
