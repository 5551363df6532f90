// Nodes of a peer's state tree, taken by the side that looks for what differs.
import { type Bytes, concat, u32be } from '../../src/base/bytes.ts'
import { idBytes } from '../../src/base/ids.ts'
import { TreeDiff } from '../../src/storage/tree-diff.ts'
import { TrieDraft } from '../../src/storage/trie-draft.ts'
import {
  decodeNode,
  EMPTY_LEAF,
  encodeNode,
  entryHashOf,
  hashOf,
  keyHashOf,
  type TrieNode,
} from '../../src/storage/trie-node.ts'
import { syncFrameMessage } from '../../src/wire/sync-messages.ts'
import { Rejected, type Target } from '../target.ts'
import { WIRE } from './codec-target.ts'

const LIMITS = { entriesMax: 32, nodesMax: 64 }

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

export const treeDiffTarget: Target = {
  name: 'tree-diff',
  decoders: ['storage/tree-diff.ts#TreeDiff'],
  codes: [...WIRE, 'TREE_FALSE', 'another frame'],
  format: 'cbor',
  seeds: trees.map((tree) => syncFrameMessage.encode({ t: 'items', items: shown(tree) })),
  run(input, work) {
    const frame = syncFrameMessage.decode(input)
    const [first] = frame.t === 'items' ? frame.items : []
    if (frame.t !== 'items' || first === undefined) throw new Rejected('another frame')
    // Of a root that it has signed, whatever that is.
    const diff = walkFrom(rootOf(first))
    for (const node of frame.items) {
      work.step()
      if (diff.paths(1).length > 0) diff.take(node)
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
