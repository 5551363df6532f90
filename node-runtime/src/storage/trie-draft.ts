// Changes to a Merkle trie, held apart from the stored nodes until they are committed. Cost: the nodes on the paths of
// the changed keys. A path is the string of hex digits from the root, '' for the root itself.

import type { Bytes } from '../base/bytes.ts'
import { compareBytes } from '../base/bytes.ts'
import type { RootHash } from '../base/ids.ts'
import {
  type ChildRef,
  countOf,
  EMPTY_LEAF,
  hashOf,
  LEAF_ENTRIES_MAX,
  type LeafEntry,
  nibbleAt,
  rootOf,
  type TrieNode,
} from './trie-node.ts'

/** The stored node at a path that its parent names; for the root also undefined: an empty trie. */
export type LoadNode = (path: string, expected?: Bytes) => TrieNode | undefined

/** `entryHash` null deletes. */
export interface TrieChange {
  readonly keyHash: Bytes
  readonly entryHash: Bytes | null
}

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
    if (node.kind === 'inner') return this.#updateInner(path, node.children, changes)
    const entries = mergeEntries(node.entries, changes)
    return entries.length <= LEAF_ENTRIES_MAX ? { kind: 'leaf', entries } : this.#split(path, entries)
  }

  #split(path: string, entries: readonly LeafEntry[]): TrieNode {
    return this.#updateInner(path, [], entries)
  }

  #updateInner(path: string, before: readonly ChildRef[], changes: readonly TrieChange[]): TrieNode {
    const children = new Map(before.map((child) => [child.nibble, child]))
    for (const [nibble, part] of groupByNibble(changes, path.length)) {
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
    const refs = [...children.values()].sort((a, b) => a.nibble - b.nibble)
    const inner: TrieNode = { kind: 'inner', children: refs }
    return countOf(inner) > LEAF_ENTRIES_MAX ? inner : this.#collapse(path, refs)
  }

  /** Few enough entries for one leaf: each child is a leaf too, as it has no more. */
  #collapse(path: string, children: readonly ChildRef[]): TrieNode {
    const entries: LeafEntry[] = []
    for (const child of children) {
      const childPath = path + child.nibble.toString(16)
      const node = this.#nodeAt(childPath, child.hash)
      if (node?.kind === 'leaf') entries.push(...node.entries)
      this.nodes.set(childPath, null)
    }
    return { kind: 'leaf', entries }
  }
}

function mergeEntries(entries: readonly LeafEntry[], changes: readonly TrieChange[]): LeafEntry[] {
  const out: LeafEntry[] = []
  let at = 0
  for (const change of changes) {
    for (let entry = entries[at]; entry !== undefined; entry = entries[at]) {
      const order = compareBytes(entry.keyHash, change.keyHash)
      if (order > 0) break
      if (order < 0) out.push(entry)
      at += 1
    }
    if (change.entryHash !== null) out.push({ keyHash: change.keyHash, entryHash: change.entryHash })
  }
  return out.concat(entries.slice(at))
}

function groupByNibble(changes: readonly TrieChange[], depth: number): Map<number, TrieChange[]> {
  const groups = new Map<number, TrieChange[]>()
  for (const change of changes) {
    const nibble = nibbleAt(change.keyHash, depth)
    const group = groups.get(nibble)
    if (group) group.push(change)
    else groups.set(nibble, [change])
  }
  return groups
}
