// Staged changes to one context's state. It may apply and revert many times (a fold undoes some deltas and redoes them
// with one in between); the store sees only the difference between the first value and the last. What is large can be done in
// pieces: until the last one nobody else may use the transaction.
import { type Bytes, binaryText, equalBytes } from '../base/bytes.ts'
import { assert } from '../base/errors.ts'
import type { RootHash } from '../base/ids.ts'
import { atOnce, type InPieces } from '../base/pieces.ts'
import type { StoreOp } from '../store/store.ts'
import { STATE_PIECE } from './limits.ts'
import type { StateMeta } from './state-meta.ts'
import type { StateChange, StateView, UndoRecord } from './state-view.ts'
import { type LoadNode, TrieDraft } from './trie-draft.ts'
import type { TrieChange } from './trie-leaf.ts'
import { encodeNode, entryHashOf, keyHashOf, type TrieNode } from './trie-node.ts'

/** What a transaction needs of its context's state. */
export interface TransactionParts {
  readonly loadNode: LoadNode
  readonly stateKey: (key: Bytes) => Bytes
  readonly nodeKey: (path: string) => Bytes
  readonly metaOp: (meta: StateMeta) => StoreOp
  readonly committed: (meta: StateMeta, nodes: ReadonlyMap<string, TrieNode | null>) => void
}

interface StagedEntry {
  readonly key: Bytes
  readonly stored: Bytes | null
  /** Where it is in the tree, once that was asked for. */
  keyHash: Bytes | undefined
  /** In the draft of the tree. */
  hashed: Bytes | null
  value: Bytes | null
}

export class StateTransaction implements StateView {
  readonly #base: StateView & { readonly meta: StateMeta }
  readonly #parts: TransactionParts
  readonly #draft: TrieDraft
  readonly #staged = new Map<string, StagedEntry>()
  /** Entries that were changed since the draft of the tree was; to what it has, perhaps. */
  readonly #unhashed = new Set<StagedEntry>()
  #meta: StateMeta
  #open = true

  constructor(base: StateView & { readonly meta: StateMeta }, parts: TransactionParts) {
    this.#base = base
    this.#parts = parts
    this.#meta = base.meta
    this.#draft = new TrieDraft(parts.loadNode)
  }

  get(key: Bytes): Bytes | undefined {
    const staged = this.#staged.get(binaryText(key))
    return staged === undefined ? this.#base.get(key) : (staged.value ?? undefined)
  }

  /** In order, the last change of a key winning. The bytes must not be changed afterwards. */
  apply(changes: readonly StateChange[]): UndoRecord {
    return atOnce(this.applyInPieces(changes))
  }

  *applyInPieces(changes: readonly StateChange[]): InPieces<UndoRecord> {
    const previous = new Map<string, StateChange>()
    let room = STATE_PIECE
    for (const { key, value } of changes) {
      const name = binaryText(key)
      const before = this.#write(name, key, value)
      if (before !== undefined && !previous.has(name)) previous.set(name, { key, value: before })
      room -= 1
      if (room > 0) continue
      yield
      room = STATE_PIECE
    }
    return { previous: [...previous.values()] }
  }

  /** Undoes the newest `apply` that is not yet undone; undoing in another order is the caller's mistake. */
  revert(undo: UndoRecord): void {
    atOnce(this.revertInPieces(undo))
  }

  *revertInPieces({ previous }: UndoRecord): InPieces {
    let room = STATE_PIECE
    for (const { key, value } of previous) {
      this.#write(binaryText(key), key, value)
      room -= 1
      if (room > 0) continue
      yield
      room = STATE_PIECE
    }
  }

  /** What differs from the store, for executors that read the store themselves. */
  staged(): readonly StateChange[] {
    return [...this.#staged.values()].filter(differs).map(({ key, value }) => ({ key, value }))
  }

  root(): RootHash {
    if (this.#unhashed.size > 0) this.#hash([...this.#unhashed])
    return this.#meta.root
  }

  *rootInPieces(): InPieces<RootHash> {
    if (this.#unhashed.size > STATE_PIECE) yield* this.#hashInPieces()
    return this.root()
  }

  /** For the caller's batch; empty when nothing differs from the store. */
  ops(): StoreOp[] {
    this.root()
    return atOnce(this.opsInPieces())
  }

  *opsInPieces(): InPieces<StoreOp[]> {
    yield* this.rootInPieces()
    const ops: StoreOp[] = []
    let looked = 0
    for (const entry of this.#staged.values()) {
      if (differs(entry)) ops.push(opOf(this.#parts.stateKey(entry.key), entry.value))
      looked += 1
      if (looked % STATE_PIECE === 0) yield
    }
    if (ops.length === 0) return []
    for (const [path, node] of this.#draft.nodes) {
      ops.push(opOf(this.#parts.nodeKey(path), node === null ? null : encodeNode(node)))
      if (ops.length % STATE_PIECE === 0) yield
    }
    ops.push(this.#parts.metaOp(this.#meta))
    return ops
  }

  /** Call once the batch with `ops()` has resolved: the context's state now shows it. Ends the transaction. */
  committed(): void {
    this.root()
    this.#parts.committed(this.#meta, this.#draft.nodes)
    this.#open = false
  }

  /**
   * All but less than a piece of them. Those whose paths begin alike come together: so a piece rewrites few nodes. The root depends on
   * the entries alone.
   */
  *#hashInPieces(): InPieces {
    const beginnings = Array.from({ length: 256 }, (): StagedEntry[] => [])
    let looked = 0
    for (const entry of this.#unhashed) {
      beginnings[hashOfKey(entry)[0] ?? 0]?.push(entry)
      looked += 1
      if (looked % STATE_PIECE === 0) yield
    }
    let piece: StagedEntry[] = []
    for (const entries of beginnings) {
      for (const entry of entries) {
        if (piece.push(entry) < STATE_PIECE) continue
        this.#hash(piece)
        piece = []
        yield
      }
    }
  }

  #hash(entries: readonly StagedEntry[]): void {
    const changes: TrieChange[] = []
    for (const entry of entries) {
      this.#unhashed.delete(entry)
      const { value, hashed } = entry
      // What is taken down and applied again mostly ends as it was.
      if (sameValue(hashed, value)) continue
      const keyHash = hashOfKey(entry)
      changes.push({ keyHash, entryHash: value === null ? null : entryHashOf(keyHash, value) })
      entry.hashed = value
    }
    if (changes.length > 0) this.#meta = { ...this.#meta, root: this.#draft.update(changes) }
  }

  /** Returns what was there, or undefined when `value` was. */
  #write(name: string, key: Bytes, value: Bytes | null): Bytes | null | undefined {
    assert(this.#open, 'a committed state transaction is written to')
    const known = this.#staged.get(name)
    const before = known === undefined ? (this.#base.get(key) ?? null) : known.value
    if (sameValue(before, value)) return undefined
    const entry = known ?? { key, keyHash: undefined, stored: before, hashed: before, value: before }
    entry.value = value
    if (known === undefined) this.#staged.set(name, entry)
    this.#unhashed.add(entry)
    this.#count(key, before, -1)
    this.#count(key, value, 1)
    return before
  }

  #count(key: Bytes, value: Bytes | null, sign: 1 | -1): void {
    if (value === null) return
    const { entryCount, sizeBytes } = this.#meta
    this.#meta = {
      ...this.#meta,
      entryCount: entryCount + sign,
      sizeBytes: sizeBytes + sign * (key.byteLength + value.byteLength),
    }
  }
}

function hashOfKey(entry: StagedEntry): Bytes {
  entry.keyHash ??= keyHashOf(entry.key)
  return entry.keyHash
}

function differs(entry: StagedEntry): boolean {
  return !sameValue(entry.stored, entry.value)
}

function sameValue(a: Bytes | null, b: Bytes | null): boolean {
  return a === b || (a !== null && b !== null && equalBytes(a, b))
}

function opOf(key: Bytes, value: Bytes | null): StoreOp {
  return value === null ? { type: 'del', key } : { type: 'put', key, value }
}
