// Changes to a Merkle trie, held apart from the stored nodes until they are committed. Cost: the nodes on the paths of
// the changed keys. A path is the string of hex digits from the root, '' for the root itself.
import { type Bytes, compareBytes } from '../base/bytes.ts'
import type { RootHash } from '../base/ids.ts'
import { joinLeaves, mergeLeaf, splitLeaf, type TrieChange } from './trie-leaf.ts'
import {
  type ChildRef,
  countOf,
  EMPTY_LEAF,
  hashOf,
  LEAF_ENTRIES_MAX,
  nibbleAt,
  rootOf,
  type TrieInner,
  type TrieLeaf,
  type TrieNode,
} from './trie-node.ts'

/** The stored node at a path that its parent names; for the root also undefined: an empty trie. */
export type LoadNode = (path: string, expected?: Bytes) => TrieNode | undefined

export class TrieDraft {
  readonly #load: LoadNode
  /** null = the stored node goes away. */
  readonly nodes = new Map<string, TrieNode | null>()

  constructor(load: LoadNode) {
    this.#load = load
  }

  /** The root after `changes`, whose keys must be distinct. */
  update(changes: readonly TrieChange[]): RootHash {
    const root = this.#nodeAt('') ?? EMPTY_LEAF
    if (changes.length === 0) return rootOf(root)
    const sorted = [...changes].sort((a, b) => compareBytes(a.keyHash, b.keyHash))
    const updated = this.#update('', root, sorted)
    this.nodes.set('', countOf(updated) === 0 ? null : updated)
    return rootOf(updated)
  }

  #nodeAt(path: string, expected?: Bytes): TrieNode | undefined {
    const drafted = this.nodes.get(path)
    return drafted === undefined ? this.#load(path, expected) : (drafted ?? undefined)
  }

  /** Returns the new node at `path` without recording it; records everything below. */
  #update(path: string, node: TrieNode, changes: readonly TrieChange[]): TrieNode {
    if (node.kind === 'inner') return this.#updateInner(path, node, changes)
    const leaf = mergeLeaf(node, changes)
    return countOf(leaf) <= LEAF_ENTRIES_MAX ? leaf : this.#split(path, leaf)
  }

  #split(path: string, leaf: TrieLeaf): TrieInner {
    const children = splitLeaf(leaf, path.length).map(([nibble, part]): ChildRef => {
      const childPath = path + nibble.toString(16)
      const count = countOf(part)
      const child = count <= LEAF_ENTRIES_MAX ? part : this.#split(childPath, part)
      this.nodes.set(childPath, child)
      return { nibble, hash: hashOf(child), count }
    })
    return { kind: 'inner', children }
  }

  #updateInner(path: string, node: TrieInner, changes: readonly TrieChange[]): TrieNode {
    const children = new Map(node.children.map((child) => [child.nibble, child]))
    for (const [nibble, part] of Map.groupBy(changes, (change) => nibbleAt(change.keyHash, path.length))) {
      const childPath = path + nibble.toString(16)
      const known = children.get(nibble)
      const child = known === undefined ? EMPTY_LEAF : (this.#nodeAt(childPath, known.hash) ?? EMPTY_LEAF)
      const updated = this.#update(childPath, child, part)
      const count = countOf(updated)
      if (count > 0) {
        this.nodes.set(childPath, updated)
        children.set(nibble, { nibble, hash: hashOf(updated), count })
      } else if (known !== undefined) {
        this.nodes.set(childPath, null)
        children.delete(nibble)
      }
    }
    const inner: TrieInner = { kind: 'inner', children: [...children.values()].sort((a, b) => a.nibble - b.nibble) }
    return countOf(inner) > LEAF_ENTRIES_MAX ? inner : this.#collapse(path, inner)
  }

  /** Few enough entries for one leaf: each child is a leaf too, as it has no more. */
  #collapse(path: string, inner: TrieInner): TrieLeaf {
    const leaves: TrieLeaf[] = []
    for (const child of inner.children) {
      const childPath = path + child.nibble.toString(16)
      const node = this.#nodeAt(childPath, child.hash)
      if (node?.kind === 'leaf') leaves.push(node)
      this.nodes.set(childPath, null)
    }
    return joinLeaves(leaves)
  }
}
