// Staged changes to one context's state. It may apply and revert many times (a fold undoes some deltas and redoes them
// with one in between); the store sees only the difference between the first value and the last.
import { type Bytes, binaryText, equalBytes } from '../base/bytes.ts'
import { assert } from '../base/errors.ts'
import type { RootHash } from '../base/ids.ts'
import type { StoreOp } from '../store/store.ts'
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
    const previous = new Map<string, StateChange>()
    for (const { key, value } of changes) {
      const name = binaryText(key)
      const before = this.#write(name, key, value)
      if (before !== undefined && !previous.has(name)) previous.set(name, { key, value: before })
    }
    return { previous: [...previous.values()] }
  }

  /** Undoes the newest `apply` that is not yet undone; undoing in another order is the caller's mistake. */
  revert(undo: UndoRecord): void {
    for (const { key, value } of undo.previous) this.#write(binaryText(key), key, value)
  }

  /** What differs from the store, for executors that read the store themselves. */
  staged(): readonly StateChange[] {
    return [...this.#staged.values()].filter(differs).map(({ key, value }) => ({ key, value }))
  }

  root(): RootHash {
    if (this.#unhashed.size === 0) return this.#meta.root
    const changes: TrieChange[] = []
    for (const entry of this.#unhashed) {
      const { key, value, hashed } = entry
      // What is taken down and applied again mostly ends as it was.
      if (sameValue(hashed, value)) continue
      const keyHash = keyHashOf(key)
      changes.push({ keyHash, entryHash: value === null ? null : entryHashOf(keyHash, value) })
      entry.hashed = value
    }
    this.#unhashed.clear()
    if (changes.length === 0) return this.#meta.root
    this.#meta = { ...this.#meta, root: this.#draft.update(changes) }
    return this.#meta.root
  }

  /** For the caller's batch; empty when nothing differs from the store. */
  ops(): StoreOp[] {
    this.root()
    const entries = [...this.#staged.values()].filter(differs)
    if (entries.length === 0) return []
    const ops = entries.map(({ key, value }) => opOf(this.#parts.stateKey(key), value))
    for (const [path, node] of this.#draft.nodes) {
      ops.push(opOf(this.#parts.nodeKey(path), node === null ? null : encodeNode(node)))
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

  /** Returns what was there, or undefined when `value` was. */
  #write(name: string, key: Bytes, value: Bytes | null): Bytes | null | undefined {
    assert(this.#open, 'a committed state transaction is written to')
    const known = this.#staged.get(name)
    const before = known === undefined ? (this.#base.get(key) ?? null) : known.value
    if (sameValue(before, value)) return undefined
    const entry = known ?? { key, stored: before, hashed: before, value: before }
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

function differs(entry: StagedEntry): boolean {
  return !sameValue(entry.stored, entry.value)
}

function sameValue(a: Bytes | null, b: Bytes | null): boolean {
  return a === b || (a !== null && b !== null && equalBytes(a, b))
}

function opOf(key: Bytes, value: Bytes | null): StoreOp {
  return value === null ? { type: 'del', key } : { type: 'put', key, value }
}
