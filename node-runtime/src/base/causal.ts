// Causal graphs in general: nodes that name their parents and carry a stamp greater than each parent's. The canonical
// order (hlc, id) of such a graph is a topological one. Shared by the graphs of deltas and of governance operations.

export interface CausalNode<I extends string> {
  readonly id: I
  readonly parents: readonly I[]
  readonly hlc: bigint
}

export type OrderKey<I extends string> = Pick<CausalNode<I>, 'id' | 'hlc'>

/** Negative when `a` comes first. */
export function compareCanonical<I extends string>(a: OrderKey<I>, b: OrderKey<I>): number {
  if (a.hlc !== b.hlc) return a.hlc < b.hlc ? -1 : 1
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1
}

/** Gives back the latest node in canonical order first: a walk from heads to ancestors meets children before parents. */
export class LatestFirst<N extends OrderKey<string>> {
  readonly #heap: N[] = []

  get size(): number {
    return this.#heap.length
  }

  peek(): N | undefined {
    return this.#heap[0]
  }

  push(node: N): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(node)
    while (at > 0) {
      const above = (at - 1) >> 1
      const other = heap[above]
      if (other === undefined || compareCanonical(other, node) >= 0) break
      heap[at] = other
      at = above
    }
    heap[at] = node
  }

  pop(): N | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return top
    let at = 0
    for (;;) {
      const left = at * 2 + 1
      const [a, b] = [heap[left], heap[left + 1]]
      if (a === undefined) break
      const larger = b !== undefined && compareCanonical(b, a) > 0 ? b : a
      if (compareCanonical(larger, last) <= 0) break
      heap[at] = larger
      at = larger === a ? left : left + 1
    }
    heap[at] = last
    return top
  }
}

export interface DifferenceQuery<I extends string, N extends CausalNode<I>> {
  readonly heads: Iterable<I>
  /** Ids that `get` does not know are ignored. */
  readonly have: Iterable<I>
  readonly get: (id: I) => N | undefined
}

/**
 * The nodes in the closure of `heads` that are not in the closure of `have`, in canonical order. Walks only the
 * difference and the edge around it, not the common past.
 */
export function causalDifference<I extends string, N extends CausalNode<I>>(query: DifferenceQuery<I, N>): N[] {
  const queue = new LatestFirst<N>()
  const held = new Map<I, boolean>()
  let wanted = 0
  const reach = (id: I, isHeld: boolean) => {
    const before = held.get(id)
    if (before === undefined) {
      const node = query.get(id)
      if (node === undefined) return
      queue.push(node)
      held.set(id, isHeld)
      if (!isHeld) wanted += 1
    } else if (isHeld && !before) {
      held.set(id, true)
      wanted -= 1
    }
  }
  for (const id of query.have) reach(id, true)
  for (const id of query.heads) reach(id, false)
  const found: N[] = []
  // Once every queued node is held, so is everything beyond it.
  while (wanted > 0) {
    const node = queue.pop()
    if (node === undefined) break
    const isHeld = held.get(node.id) === true
    if (!isHeld) {
      wanted -= 1
      found.push(node)
    }
    for (const parent of node.parents) reach(parent, isHeld)
  }
  return found.reverse()
}
