// Least-recently-used cache of decoded trie nodes, by path.
import { NODE_CACHE_MAX } from './limits.ts'
import type { TrieNode } from './trie-node.ts'

export class NodeCache {
  readonly #nodes = new Map<string, TrieNode>()

  get(path: string): TrieNode | undefined {
    const node = this.#nodes.get(path)
    if (node !== undefined) {
      this.#nodes.delete(path)
      this.#nodes.set(path, node)
    }
    return node
  }

  /** null forgets the path. */
  set(path: string, node: TrieNode | null): void {
    this.#nodes.delete(path)
    if (node === null) return
    this.#nodes.set(path, node)
    if (this.#nodes.size <= NODE_CACHE_MAX) return
    const oldest = this.#nodes.keys().next()
    if (!oldest.done) this.#nodes.delete(oldest.value)
  }

  clear(): void {
    this.#nodes.clear()
  }
}
