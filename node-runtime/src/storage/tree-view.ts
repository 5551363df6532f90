// The Merkle tree of a context's state at one root, read from one snapshot of the store however the state moves on: what is compared
// with the tree of another node, by either side. Close it.
import { type Bytes, concat, equalBytes, toHex, utf8 } from '../base/bytes.ts'
import { type ContextId, idBase58, idBytes, type RootHash } from '../base/ids.ts'
import { merklePrefix } from '../store/keys.ts'
import type { Store, StoreSnapshot } from '../store/store.ts'
import { stateEntries } from './context-state.ts'
import { StorageError } from './errors.ts'
import { readStateMeta, type StateMeta } from './state-meta.ts'
import { decodeNode, EMPTY_LEAF, EMPTY_ROOT, encodeNode, hashOf, keyHashOf, type TrieNode } from './trie-node.ts'

export class TreeView {
  readonly root: RootHash
  readonly #contextId: ContextId
  readonly #snapshot: StoreSnapshot
  readonly #meta: StateMeta

  private constructor(snapshot: StoreSnapshot, contextId: ContextId, meta: StateMeta) {
    this.root = meta.root
    this.#contextId = contextId
    this.#snapshot = snapshot
    this.#meta = meta
  }

  /** Undefined where the state has another root by now, or where nobody can say which. */
  static open(store: Store, contextId: ContextId, root: RootHash): TreeView | undefined {
    const snapshot = store.snapshot()
    let view: TreeView | undefined
    try {
      const meta = readStateMeta(snapshot, contextId)
      if (meta.root === root) view = new TreeView(snapshot, contextId, meta)
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
    } finally {
      if (view === undefined) void snapshot.close()
    }
    return view
  }

  /** Of the node at a path, as it is stored: who gets it looks at it. Undefined where there is none. */
  encoded(path: string): Bytes | undefined {
    if (path === '' && this.root === EMPTY_ROOT) return encodeNode(EMPTY_LEAF)
    const prefix = merklePrefix(this.#contextId, this.#meta.generation)
    return this.#snapshot.get(concat([prefix, utf8(path)]))
  }

  /** Throws StorageError STATE_CORRUPT where it is not the one that its parent names by `hash`. */
  node(path: string, hash: Bytes = idBytes(this.root)): TrieNode {
    const bytes = this.encoded(path)
    const node = bytes && decodeNode(bytes)
    if (node !== undefined && equalBytes(hashOf(node), hash)) return node
    throw new StorageError(
      'STATE_CORRUPT',
      `node '${path}' of the state tree of context ${idBase58(this.#contextId)} is not what is said of it`,
    )
  }

  /**
   * The keys with these hashes, by hash in hex, as far as they are no longer than `bytesMax` and among the first `rowsMax`: the tree
   * does not name them, so all are looked at.
   */
  async keysOf(
    hashes: readonly Bytes[],
    { rowsMax, bytesMax }: { readonly rowsMax: number; readonly bytesMax: number },
  ): Promise<{ readonly keys: ReadonlyMap<string, Bytes>; readonly rows: number }> {
    const wanted = new Set(hashes.map(toHex))
    const keys = new Map<string, Bytes>()
    let rows = 0
    if (wanted.size === 0 || rowsMax <= 0) return { keys, rows }
    for await (const [key] of stateEntries(this.#snapshot, this.#contextId, this.#meta.generation)) {
      rows += 1
      const hash = toHex(keyHashOf(key))
      if (wanted.delete(hash) && key.byteLength <= bytesMax) keys.set(hash, key)
      if (wanted.size === 0 || rows >= rowsMax) break
    }
    return { keys, rows }
  }

  close(): Promise<void> {
    return this.#snapshot.close()
  }
}
