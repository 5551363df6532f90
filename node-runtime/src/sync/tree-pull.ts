// The asking side of the tree diff: which entries of a peer's state, of the root that it has signed, are not as ours. Page by page, each
// node checked; then the keys of those that differ, here from our own rows, and what only the peer has by its word, which their hashes prove.
import { type Bytes, toHex } from '../base/bytes.ts'
import { type ContextId, idBytes, type RootHash } from '../base/ids.ts'
import { type DifferingEntry, TreeDiff, type TreeDifference } from '../storage/tree-diff.ts'
import type { TreeView } from '../storage/tree-view.ts'
import { keyHashOf } from '../storage/trie-node.ts'
import { TREE_PATHS_MAX } from '../wire/limits.ts'
import type { SyncRequest } from '../wire/sync-messages.ts'
import { Conversation, type Source } from './conversation.ts'
import { SyncError } from './errors.ts'
import { DIFF_ENTRIES_MAX, DIFF_KEY_BYTES_MAX, DIFF_NODES_MAX, DIFF_ROWS_MAX, TREE_NODE_BYTES_MAX } from './limits.ts'

interface TreePull {
  readonly contextId: ContextId
  /** That the peer has signed. */
  readonly root: RootHash
  /** Of ours. */
  readonly view: TreeView
}

/**
 * Throws SyncError where the peer does not show its tree, or has another root by now; StorageError: TREE_FALSE where its nodes are none
 * of that root, STATE_CORRUPT where ours are not whole.
 */
export async function pullTreeDiff(source: Source, { contextId, root, view }: TreePull): Promise<TreeDifference> {
  const conversation = await Conversation.open(source)
  try {
    const roots = { ours: idBytes(view.root), theirs: idBytes(root) }
    const limits = { entriesMax: DIFF_ENTRIES_MAX, nodesMax: DIFF_NODES_MAX }
    const diff = new TreeDiff((path, hash) => view.node(path, hash), roots, limits)
    for (let paths = diff.paths(TREE_PATHS_MAX); paths.length > 0; paths = diff.paths(TREE_PATHS_MAX)) {
      const nodes = await itemsFrom(
        conversation,
        { t: 'tree', contextId, root, paths },
        {
          max: paths.length,
          bytesMax: TREE_NODE_BYTES_MAX,
        },
      )
      if (nodes.length === 0)
        throw new SyncError('SYNC_INCOMPLETE', `${source.peer} answers without a node of its tree`)
      for (const node of nodes) diff.take(node)
    }
    const { entries, isMore } = diff.result()
    const keys = await keysOfOurs(view, entries)
    const hashes = entries.filter(({ ours }) => ours === undefined).map(({ keyHash }) => keyHash)
    if (hashes.length > 0) {
      const request = { t: 'names', contextId, root, hashes } as const
      const limits = { max: hashes.length, bytesMax: DIFF_KEY_BYTES_MAX }
      // What differs is proven: where no keys come, it is told by their hashes.
      const named = await itemsFrom(conversation, request, limits).catch(() => [])
      for (const key of named) keys.set(toHex(keyHashOf(key)), key)
    }
    return { entries: entries.map((entry) => withKey(entry, keys)), isMore }
  } finally {
    await conversation.close()
  }
}

async function keysOfOurs(view: TreeView, entries: readonly DifferingEntry[]): Promise<Map<string, Bytes>> {
  const hashes = entries.filter(({ ours }) => ours !== undefined).map(({ keyHash }) => keyHash)
  const { keys } = await view.keysOf(hashes, { rowsMax: DIFF_ROWS_MAX, bytesMax: DIFF_KEY_BYTES_MAX })
  return new Map(keys)
}

function withKey(entry: DifferingEntry, keys: ReadonlyMap<string, Bytes>): TreeDifference['entries'][number] {
  const key = keys.get(toHex(entry.keyHash))
  return key === undefined ? entry : { ...entry, key }
}

/** Who sends more, or anything else, is asked no further. */
async function itemsFrom(
  conversation: Conversation,
  request: SyncRequest,
  { max, bytesMax }: { readonly max: number; readonly bytesMax: number },
): Promise<Bytes[]> {
  const items: Bytes[] = []
  for await (const frame of conversation.ask(request)) {
    const isAsked = frame.t === 'items' && frame.items.every(({ byteLength }) => byteLength <= bytesMax)
    if (!isAsked || items.length + frame.items.length > max) {
      throw new SyncError('SYNC_INCOMPLETE', `the peer answers ${request.t} with what was not asked for`)
    }
    items.push(...frame.items)
  }
  return items
}
