// Which entries of two state trees differ: walks the other one down from its root, where the hashes differ, by nodes that it is given.
// Each must have the hash that its parent, or the root, names: whoever gives them can show nothing but the tree of that root.
import { type Bytes, compareBytes, equalBytes, toHex } from '../base/bytes.ts'
import { StorageError } from './errors.ts'
import { splitLeaf } from './trie-leaf.ts'
import {
  countOf,
  decodeNode,
  EMPTY_LEAF,
  entriesOf,
  HASH_LENGTH,
  hashOf,
  LEAF_ENTRIES_MAX,
  type TrieInner,
  type TrieNode,
} from './trie-node.ts'

/** Hashes of the entry, over key and value; absent where there is none. */
export interface DifferingEntry {
  readonly keyHash: Bytes
  readonly ours?: Bytes
  readonly theirs?: Bytes
}

export interface TreeDifference {
  /** With the key where it was found. */
  readonly entries: readonly (DifferingEntry & { readonly key?: Bytes })[]
  /** There are others. */
  readonly isMore: boolean
}

/** Ours at a path: a node, or a part of the leaf above it, which is read when it is needed. */
interface Ours {
  readonly hash: Bytes
  readonly node: () => TrieNode
}

interface Pair {
  readonly path: string
  readonly ours: Ours
  readonly theirs: { readonly hash: Bytes; readonly count: number | undefined }
}

interface Entry {
  readonly keyHash: Bytes
  readonly entryHash: Bytes
}

/** A node of ours that its parent names by this hash. */
type Load = (path: string, hash: Bytes) => TrieNode

export interface DiffLimits {
  readonly entriesMax: number
  /** Of theirs. With more the rest is not looked at. */
  readonly nodesMax: number
}

const PATH_MAX = 2 * HASH_LENGTH
const NOTHING: Ours = { hash: hashOf(EMPTY_LEAF), node: () => EMPTY_LEAF }

export class TreeDiff {
  readonly #load: Load
  readonly #limits: DiffLimits
  readonly #differing: DifferingEntry[] = []
  /** To be compared, the next one first; what `take` finds comes before it. */
  #open: Pair[]
  #found: Pair[] = []
  #nodes = 0
  #isMore = false

  constructor(load: Load, roots: { readonly ours: Bytes; readonly theirs: Bytes }, limits: DiffLimits) {
    this.#load = load
    this.#limits = limits
    const ours = { hash: roots.ours, node: () => load('', roots.ours) }
    this.#open = equalBytes(roots.ours, roots.theirs)
      ? []
      : [{ path: '', ours, theirs: { hash: roots.theirs, count: undefined } }]
  }

  /** Nodes of theirs that are to be had next, in this order; none: it is over. */
  paths(max: number): string[] {
    this.#open = [...this.#found, ...this.#open]
    this.#found = []
    this.#isMore ||= this.#open.length > 0 && this.#nodes >= this.#limits.nodesMax
    return this.#isMore ? [] : this.#open.slice(0, max).map(({ path }) => path)
  }

  /** The next one of `paths`. Throws StorageError: TREE_FALSE where it is no node of their tree, STATE_CORRUPT where ours is not whole. */
  take(bytes: Bytes): void {
    const pair = this.#open.shift()
    if (pair === undefined) throw falseTree('', 'comes though it was not asked for')
    this.#nodes += 1
    const theirs = checked(bytes, pair)
    const { path, ours } = pair
    if (theirs.kind === 'leaf') this.#merge(this.#entriesBelow(path, ours.node()), entriesOf(theirs))
    else this.#descend(path, ours, theirs)
  }

  /** Once `paths` is empty. Throws StorageError TREE_FALSE where nothing differs though the roots do. */
  result(): { readonly entries: readonly DifferingEntry[]; readonly isMore: boolean } {
    if (this.#nodes > 0 && this.#differing.length === 0 && !this.#isMore) {
      throw falseTree('', 'has the same entries as ours under another hash')
    }
    return { entries: this.#differing, isMore: this.#isMore }
  }

  #descend(path: string, ours: Ours, theirs: TrieInner): void {
    const own = this.#childrenOf(path, ours.node())
    const named = new Map(theirs.children.map((child) => [child.nibble, child]))
    for (let nibble = 0; nibble < 16; nibble += 1) {
      const below = path + nibble.toString(16)
      const [here, there] = [own.get(nibble) ?? NOTHING, named.get(nibble)]
      if (there === undefined) this.#merge(this.#entriesBelow(below, here.node()), [])
      else if (!equalBytes(here.hash, there.hash)) this.#found.push({ path: below, ours: here, theirs: there })
    }
  }

  #childrenOf(path: string, node: TrieNode): Map<number, Ours> {
    if (node.kind === 'leaf') {
      const parts = splitLeaf(node, path.length)
      return new Map(parts.map(([nibble, part]) => [nibble, { hash: hashOf(part), node: () => part }]))
    }
    return new Map(
      node.children.map(({ nibble, hash }) => {
        const below = path + nibble.toString(16)
        return [nibble, { hash, node: () => this.#load(below, hash) }]
      }),
    )
  }

  *#entriesBelow(path: string, node: TrieNode): Generator<Entry> {
    if (node.kind === 'leaf') return yield* entriesOf(node)
    for (const [nibble, child] of this.#childrenOf(path, node)) {
      yield* this.#entriesBelow(path + nibble.toString(16), child.node())
    }
  }

  /** Both ascend. Reads no further than to the last difference that is told. */
  #merge(ours: Iterable<Entry>, theirs: Iterable<Entry>): void {
    const [a, b] = [ours[Symbol.iterator](), theirs[Symbol.iterator]()]
    let [here, there] = [next(a), next(b)]
    while (!this.#isMore && (here ?? there) !== undefined) {
      const order = !here ? 1 : !there ? -1 : compareBytes(here.keyHash, there.keyHash)
      this.#compare(order <= 0 ? here : undefined, order >= 0 ? there : undefined)
      if (order <= 0) here = next(a)
      if (order >= 0) there = next(b)
    }
  }

  #compare(ours: Entry | undefined, theirs: Entry | undefined): void {
    const keyHash = (ours ?? theirs)?.keyHash
    if (keyHash === undefined || (ours && theirs && equalBytes(ours.entryHash, theirs.entryHash))) return
    if (this.#differing.length >= this.#limits.entriesMax) {
      this.#isMore = true
      return
    }
    const hashes = { ...(ours && { ours: ours.entryHash }), ...(theirs && { theirs: theirs.entryHash }) }
    this.#differing.push({ keyHash, ...hashes })
  }
}

function next(entries: Iterator<Entry>): Entry | undefined {
  const { done, value } = entries.next()
  return done ? undefined : value
}

/** What a node of theirs is by its bytes. A tree has one shape, which the hashes of its nodes do not say in full. */
function checked(bytes: Bytes, { path, theirs }: Pair): TrieNode {
  const node = decoded(bytes, path)
  if (!equalBytes(hashOf(node), theirs.hash)) throw falseTree(path, 'has another hash than is said of it')
  const count = countOf(node)
  if (theirs.count !== undefined && count !== theirs.count)
    throw falseTree(path, 'has another count than is said of it')
  if (node.kind === 'leaf') {
    for (const { keyHash } of entriesOf(node)) {
      if (!toHex(keyHash).startsWith(path)) throw falseTree(path, 'has an entry that belongs elsewhere')
    }
  } else if (count <= LEAF_ENTRIES_MAX || path.length >= PATH_MAX || node.children.some((child) => child.count === 0)) {
    throw falseTree(path, 'has children that no tree has')
  }
  return node
}

function decoded(bytes: Bytes, path: string): TrieNode {
  try {
    return decodeNode(bytes)
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    throw falseTree(path, 'cannot be read')
  }
}

function falseTree(path: string, what: string): StorageError {
  return new StorageError('TREE_FALSE', `node '${path}' of the state tree that was given ${what}`)
}
