// The ready nodes sorted by (hlc, id), in blocks, so that a late arrival moves one block and not all of history.
import { compareCanonical, type OrderKey } from '../base/causal.ts'
import { ORDER_BLOCK_MAX } from './limits.ts'

export class CanonicalOrder<N extends OrderKey<string>> {
  /** Never empty; only the first block may be, when there is nothing at all. */
  readonly #blocks: N[][] = [[]]

  /** Faster than one by one. The order must be empty. */
  fill(nodes: Iterable<N>): void {
    const sorted = [...nodes].sort(compareCanonical)
    this.#blocks.length = 0
    for (let at = 0; at < sorted.length; at += ORDER_BLOCK_MAX) {
      this.#blocks.push(sorted.slice(at, at + ORDER_BLOCK_MAX))
    }
    if (this.#blocks.length === 0) this.#blocks.push([])
  }

  insert(node: N): void {
    const at = this.#blockOf(node)
    const block = this.#blocks[at] ?? []
    block.splice(firstAfter(block, node), 0, node)
    if (block.length <= ORDER_BLOCK_MAX) return
    // History grows at its end: there a full block stays full.
    const keep = at === this.#blocks.length - 1 ? ORDER_BLOCK_MAX : ORDER_BLOCK_MAX >> 1
    this.#blocks.splice(at + 1, 0, block.splice(keep))
  }

  last(): N | undefined {
    return this.#blocks.at(-1)?.at(-1)
  }

  all(): N[] {
    return this.#blocks.flat()
  }

  /** Takes the first `count` out. */
  dropFirst(count: number): void {
    let left = count
    while (left > 0) {
      const [block] = this.#blocks
      if (block === undefined) break
      left -= block.splice(0, left).length
      if (block.length > 0) break
      this.#blocks.shift()
    }
    if (this.#blocks.length === 0) this.#blocks.push([])
  }

  after(key: OrderKey<string>): N[] {
    const at = this.#blockOf(key)
    const block = this.#blocks[at] ?? []
    const found = block.slice(firstAfter(block, key))
    for (const later of this.#blocks.slice(at + 1)) for (const node of later) found.push(node)
    return found
  }

  /** The last block that begins at or before `key`, or the first one. */
  #blockOf(key: OrderKey<string>): number {
    let [low, high] = [0, this.#blocks.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      const start = this.#blocks[middle]?.[0]
      if (start !== undefined && compareCanonical(start, key) <= 0) low = middle
      else high = middle - 1
    }
    return low
  }
}

function firstAfter(block: readonly OrderKey<string>[], key: OrderKey<string>): number {
  let [low, high] = [0, block.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const node = block[middle]
    if (node !== undefined && compareCanonical(node, key) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
