// A context's state: an authenticated map from bytes to bytes. It reads from the store and hands out transactions, whose
// writes reach the store in the caller's one batch. One transaction at a time changes a context; the caller queues.
import { type Bytes, concat, equalBytes, utf8 } from '../base/bytes.ts'
import { assert } from '../base/errors.ts'
import { type ContextId, idBase58, type RootHash } from '../base/ids.ts'
import { merklePrefix, statePrefix } from '../store/keys.ts'
import { rangeOf, type Store, type StoreOp, type StoreReader } from '../store/store.ts'
import { StorageError } from './errors.ts'
import { NodeCache } from './node-cache.ts'
import { putStateMeta, readStateMeta, type StateMeta } from './state-meta.ts'
import { StateTransaction } from './state-transaction.ts'
import type { StateView } from './state-view.ts'
import {
  decodeNode,
  EMPTY_ROOT,
  entryHashIn,
  entryHashOf,
  hashOf,
  keyHashOf,
  nibbleAt,
  rootOf,
  type TrieNode,
} from './trie-node.ts'

/** Turns new meta data into the row that records it. */
export type MetaWriter = (meta: StateMeta) => StoreOp

export class ContextState implements StateView {
  readonly contextId: ContextId
  readonly #store: StoreReader
  readonly #metaOp: MetaWriter
  readonly #cache = new NodeCache()
  #meta: StateMeta
  #statePrefix: Bytes
  #merklePrefix: Bytes
  /** Counts commits: a transaction begun before the last one is stale. */
  #version = 0

  /** Use `open`; the snapshot writer opens a generation of its own. */
  constructor(store: StoreReader, contextId: ContextId, meta: StateMeta, metaOp: MetaWriter) {
    this.#store = store
    this.contextId = contextId
    this.#meta = meta
    this.#metaOp = metaOp
    this.#statePrefix = statePrefix(contextId, meta.generation)
    this.#merklePrefix = merklePrefix(contextId, meta.generation)
  }

  /** An unknown context has the empty state. Throws StorageError STATE_CORRUPT. */
  static open(store: Store, contextId: ContextId): ContextState {
    return new ContextState(store, contextId, readStateMeta(store, contextId), (meta) => putStateMeta(contextId, meta))
  }

  get root(): RootHash {
    return this.#meta.root
  }

  get generation(): number {
    return this.#meta.generation
  }

  get entryCount(): number {
    return this.#meta.entryCount
  }

  /** Keys and values together, without the tree. */
  get sizeBytes(): number {
    return this.#meta.sizeBytes
  }

  get meta(): StateMeta {
    return this.#meta
  }

  get(key: Bytes): Bytes | undefined {
    return this.#store.get(concat([this.#statePrefix, key]))
  }

  entries(after?: Bytes): AsyncIterable<[Bytes, Bytes]> {
    return stateEntries(this.#store, this.contextId, this.generation, after)
  }

  begin(): StateTransaction {
    const version = this.#version
    const fresh = () => assert(version === this.#version, 'a state transaction is used after another was committed')
    return new StateTransaction(this, {
      loadNode: (path, expected) => this.#loadNode(path, expected),
      stateKey: (key) => concat([this.#statePrefix, key]),
      nodeKey: (path) => concat([this.#merklePrefix, utf8(path)]),
      metaOp: (meta) => {
        fresh()
        return this.#metaOp(meta)
      },
      committed: (meta, nodes) => {
        fresh()
        this.#version += 1
        this.#meta = meta
        for (const [path, node] of nodes) this.#cache.set(path, node)
      },
    })
  }

  /** Shows the generation that a finished snapshot has swapped in. */
  reload(): void {
    this.#version += 1
    this.#meta = readStateMeta(this.#store, this.contextId)
    this.#statePrefix = statePrefix(this.contextId, this.#meta.generation)
    this.#merklePrefix = merklePrefix(this.contextId, this.#meta.generation)
    this.#cache.clear()
  }

  /** Throws StorageError STATE_CORRUPT where what the store has for a key is not what the tree says, down from the root. */
  verify(key: Bytes): void {
    const keyHash = keyHashOf(key)
    let path = ''
    let node = this.#loadNode(path)
    while (node?.kind === 'inner') {
      const nibble = nibbleAt(keyHash, path.length)
      const child = node.children.find((each) => each.nibble === nibble)
      path += nibble.toString(16)
      node = child && this.#loadNode(path, child.hash)
    }
    const value = this.get(key)
    const found = value && entryHashOf(keyHash, value)
    const said = node && entryHashIn(node, keyHash)
    if (found && said ? !equalBytes(found, said) : found !== said) {
      throw this.#corrupt(path, 'says another thing of an entry than there is')
    }
  }

  #loadNode(path: string, expected?: Bytes): TrieNode | undefined {
    const cached = this.#cache.get(path)
    if (cached !== undefined) return cached
    const bytes = this.#store.get(concat([this.#merklePrefix, utf8(path)]))
    if (bytes === undefined) {
      if (expected === undefined && this.root === EMPTY_ROOT) return undefined
      throw this.#corrupt(path, 'is missing')
    }
    const node = decodeNode(bytes)
    const isRight = expected === undefined ? rootOf(node) === this.root : equalBytes(hashOf(node), expected)
    if (!isRight) throw this.#corrupt(path, 'has another hash than is said of it')
    this.#cache.set(path, node)
    return node
  }

  #corrupt(path: string, what: string): StorageError {
    return new StorageError(
      'STATE_CORRUPT',
      `node '${path}' of the state tree of context ${idBase58(this.contextId)} ${what}; the state is made anew`,
      { data: { contextId: this.contextId, generation: this.generation, path } },
    )
  }
}

/** Entries in key order, after the key `after`. `reader` may be a snapshot: the way to serve one to a peer. */
export async function* stateEntries(
  reader: StoreReader,
  contextId: ContextId,
  generation: number,
  after?: Bytes,
): AsyncIterable<[Bytes, Bytes]> {
  const prefix = statePrefix(contextId, generation)
  const { gte, lt } = rangeOf(prefix)
  // The smallest key above `after` is `after` followed by a zero byte.
  const from = after === undefined ? gte : concat([prefix, after, Uint8Array.of(0)])
  for await (const [key, value] of reader.entries({ gte: from, lt })) yield [key.subarray(prefix.byteLength), value]
}
