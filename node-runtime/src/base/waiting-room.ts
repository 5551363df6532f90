// Nodes of a causal graph whose parents are not all here yet. Every step costs what it touches: the index by parent
// finds who waits for an arrival, and the ids that nobody here has are kept as a set.
import type { CausalNode } from './causal.ts'

export class WaitingRoom<I extends string, N extends CausalNode<I>> {
  readonly #max: number
  /** In order of arrival. `unmet` counts the parents that are not ready. */
  readonly #waiting = new Map<I, { node: N; unmet: number }>()
  /** Every id here is an unmet parent of each of its children. */
  readonly #children = new Map<I, Set<I>>()
  /** The keys of `#children` that do not wait here themselves. */
  readonly #absent = new Set<I>()
  /** Of those that wait, oldest first: what can be asked for again. */
  readonly #forgettable = new Set<I>()

  /** With more than `max` that can be asked for again, the oldest of these is forgotten. */
  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#waiting.size
  }

  get absentCount(): number {
    return this.#absent.size
  }

  has(id: I): boolean {
    return this.#waiting.has(id)
  }

  get(id: I): N | undefined {
    return this.#waiting.get(id)?.node
  }

  /** Oldest first. */
  *nodes(): Generator<N> {
    for (const { node } of this.#waiting.values()) yield node
  }

  /** Ids that somebody waits for and that are not here, longest wanted first. */
  absent(limit: number): I[] {
    return [...this.#absent.values().take(limit)]
  }

  absentOf(node: CausalNode<I>): I[] {
    return node.parents.filter((parent) => this.#absent.has(parent))
  }

  /** Who waits for `id`. */
  childrenOf(id: I): N[] {
    const found: N[] = []
    for (const child of this.#children.get(id) ?? []) {
      const entry = this.#waiting.get(child)
      if (entry) found.push(entry.node)
    }
    return found
  }

  /** `unmet` are the parents that are not ready, at least one; what `isKept` waits however many there are. Returns who had to leave. */
  add(node: N, unmet: ReadonlySet<I>, isKept = false): N[] {
    this.#waiting.set(node.id, { node, unmet: unmet.size })
    if (!isKept) this.#forgettable.add(node.id)
    this.#absent.delete(node.id)
    for (const parent of unmet) {
      const children = this.#children.get(parent)
      if (children) children.add(node.id)
      else this.#children.set(parent, new Set([node.id]))
      if (!this.#waiting.has(parent)) this.#absent.add(parent)
    }
    const evicted: N[] = []
    for (const id of this.#forgettable) {
      if (this.#forgettable.size <= this.#max) break
      const oldest = this.get(id)
      this.remove(id)
      if (oldest) evicted.push(oldest)
    }
    return evicted
  }

  /** `id` is ready: returns those who waited for nothing else, which leave. */
  release(id: I): N[] {
    const children = this.#children.get(id)
    this.#children.delete(id)
    this.#absent.delete(id)
    const released: N[] = []
    for (const child of children ?? []) {
      const entry = this.#waiting.get(child)
      if (entry === undefined) continue
      entry.unmet -= 1
      if (entry.unmet > 0) continue
      this.#waiting.delete(child)
      this.#forgettable.delete(child)
      released.push(entry.node)
    }
    return released
  }

  /** Forgets one. Who waits for it goes on waiting. */
  remove(id: I): boolean {
    const entry = this.#waiting.get(id)
    if (entry === undefined) return false
    this.#waiting.delete(id)
    this.#forgettable.delete(id)
    if (this.#children.has(id)) this.#absent.add(id)
    for (const parent of entry.node.parents) {
      const children = this.#children.get(parent)
      if (children === undefined) continue
      children.delete(id)
      if (children.size > 0) continue
      this.#children.delete(parent)
      this.#absent.delete(parent)
    }
    return true
  }

  /** Forgets `id`, whether it waits or not, and all that wait for it, directly or not. Returns those who waited. */
  removeWithDescendants(id: I): N[] {
    const removed: N[] = []
    const work = [id]
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      const entry = this.#waiting.get(next)
      for (const child of this.#children.get(next) ?? []) work.push(child)
      if (entry && this.remove(next)) removed.push(entry.node)
    }
    return removed
  }
}
