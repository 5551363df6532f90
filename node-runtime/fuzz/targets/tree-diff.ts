// Nodes of a peer's state tree, taken by the side that looks for what differs.
import { type Bytes, concat, u32be } from '../../src/base/bytes.ts'
import { idBytes } from '../../src/base/ids.ts'
import { TreeDiff } from '../../src/storage/tree-diff.ts'
import { TrieDraft } from '../../src/storage/trie-draft.ts'
import { splitLeaf } from '../../src/storage/trie-leaf.ts'
import {
  type ChildRef,
  countOf,
  decodeNode,
  EMPTY_LEAF,
  encodeNode,
  entryHashOf,
  hashOf,
  keyHashOf,
  LEAF_ENTRIES_MAX,
  type TrieNode,
} from '../../src/storage/trie-node.ts'
import { syncFrameMessage } from '../../src/wire/sync-messages.ts'
import { Rejected, type Target } from '../target.ts'
import { WIRE } from './codec-target.ts'

/** More nodes than a path is long: what ends for its length is reached, too. */
const LIMITS = { entriesMax: 32, nodesMax: 70 }

interface Tree {
  readonly root: Bytes
  readonly node: (path: string) => TrieNode
}

function treeOf(count: number, value: (index: number) => number): Tree {
  const draft = new TrieDraft(() => undefined)
  const root = draft.update(
    Array.from({ length: count }, (_, index) => {
      const keyHash = keyHashOf(u32be(index))
      return { keyHash, entryHash: entryHashOf(keyHash, u32be(value(index))) }
    }),
  )
  return { root: idBytes(root), node: (path) => draft.nodes.get(path) ?? EMPTY_LEAF }
}

const ours = treeOf(300, () => 0)
const walkFrom = (root: Bytes) => new TreeDiff((path) => ours.node(path), { ours: ours.root, theirs: root }, LIMITS)

/** What an honest peer gives, in the order in which it is asked for. */
function shown(theirs: Tree): Bytes[] {
  const diff = walkFrom(theirs.root)
  const nodes: Bytes[] = []
  for (let [path] = diff.paths(1); path !== undefined; [path] = diff.paths(1)) {
    const node = encodeNode(theirs.node(path))
    nodes.push(node)
    diff.take(node)
  }
  return nodes
}

const trees = [
  treeOf(300, (index) => (index === 7 ? 1 : 0)),
  treeOf(310, () => 0),
  treeOf(60, () => 0),
  treeOf(2000, (index) => (index % 100 === 0 ? 1 : 0)),
]

const [honest = []] = trees.map(shown)

/** One node of what an honest peer gives, changed: what its hash does not say in full. */
function changed(at: number, change: (node: TrieNode) => TrieNode): Bytes[] {
  return honest.map((bytes, index) => (index === at ? encodeNode(change(decodeNode(bytes))) : bytes))
}

function inner(node: TrieNode, change: (child: ChildRef) => ChildRef): TrieNode {
  return node.kind === 'leaf' ? node : { kind: 'inner', children: node.children.map(change) }
}

/** The first entry of a leaf belongs elsewhere, unless the leaf is the first one; they still ascend. */
function moved(node: TrieNode): TrieNode {
  return node.kind === 'inner' ? node : { ...node, keyHashes: node.keyHashes.map((byte, at) => (at === 0 ? 0 : byte)) }
}

/** Nodes in each other, so many, without an entry in them: as a child that nothing of ours is different from. */
function chain(length: number): { readonly child: Omit<ChildRef, 'nibble'>; readonly nodes: Bytes[] } {
  const nodes: Bytes[] = []
  let child = { hash: hashOf(EMPTY_LEAF), count: LEAF_ENTRIES_MAX + 1 }
  for (let at = 0; at < length; at += 1) {
    const node: TrieNode = { kind: 'inner', children: [{ nibble: 0, ...child }] }
    nodes.unshift(encodeNode(node))
    child = { hash: hashOf(node), count: child.count }
  }
  return { child, nodes }
}

/** Our tree, in which some children of the root have a chain where ours has nothing: no entry differs. */
function chained(lengths: readonly number[]): Bytes[] {
  const root = ours.node('')
  const below: Bytes[] = []
  const node = inner(root, (child) => {
    const length = lengths[child.nibble]
    const own = ours.node(child.nibble.toString(16))
    if (length === undefined || own.kind === 'inner') return child
    const parts = splitLeaf(own, 1).map(([nibble, part]) => ({ nibble, hash: hashOf(part), count: countOf(part) }))
    const free = Array.from({ length: 16 }, (_, at) => at).find((at) => parts.every(({ nibble }) => nibble !== at)) ?? 0
    const { child: last, nodes } = chain(length)
    const children = [...parts, { nibble: free, ...last }].sort((a, b) => a.nibble - b.nibble)
    const middle: TrieNode = { kind: 'inner', children }
    below.push(encodeNode(middle), ...nodes)
    return { nibble: child.nibble, hash: hashOf(middle), count: countOf(middle) }
  })
  return [encodeNode(node), ...below]
}

const crafted = [
  changed(0, (node) => inner(node, (child) => ({ ...child, count: child.count + 1 }))),
  changed(0, (node) => inner(node, (child) => ({ ...child, count: 0 }))),
  changed(0, (node) => inner(node, (child) => (child.nibble === 0 ? { ...child, count: 0 } : child))),
  changed(1, moved),
  [...honest, ...honest],
  chained([3]),
  chained([40, 40]),
  chained([LIMITS.nodesMax]),
]

export const treeDiffTarget: Target = {
  name: 'tree-diff',
  decoders: ['storage/tree-diff.ts#TreeDiff'],
  codes: [...WIRE, 'TREE_FALSE', 'another frame'],
  format: 'cbor',
  seeds: [...trees.map(shown), ...crafted].map((items) => syncFrameMessage.encode({ t: 'items', items })),
  run(input, work) {
    const frame = syncFrameMessage.decode(input)
    const [first] = frame.t === 'items' ? frame.items : []
    if (frame.t !== 'items' || first === undefined) throw new Rejected('another frame')
    // Of a root that it has signed, whatever that is.
    const diff = walkFrom(rootOf(first))
    for (const node of frame.items) {
      work.step()
      // Who asks ends where there is more than is looked at.
      if (diff.paths(1).length === 0 && diff.result().isMore) break
      diff.take(node)
    }
    const { entries } = diff.result()
    if (entries.length > LIMITS.entriesMax) throw new Error('more entries than are told')
    return syncFrameMessage.encode(frame)
  },
}

function rootOf(bytes: Bytes): Bytes {
  try {
    return hashOf(decodeNode(bytes))
  } catch {
    // The walk says so.
    return concat([ours.root.subarray(1), Uint8Array.of(0)])
  }
}
