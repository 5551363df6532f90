// The set of the deltas held here in any state, stored as a Merkle trie that changes in the batch of the deltas' own
// rows: so the two never disagree, whatever the process dies of. Rows that are read again are not decoded again.
import { type Bytes, equalBytes, fromHex } from '../base/bytes.ts'
import { type ContextId, type DeltaId, idBytes } from '../base/ids.ts'
import type { Bound } from '../reconcile/item-key.ts'
import { decodeNode, encodeNode, type LoadNode, type SetNode } from '../reconcile/set-node.ts'
import { type SetChange, updateSet } from '../reconcile/set-update.ts'
import { SetView } from '../reconcile/set-view.ts'
import { keyOf } from '../store/keys.ts'
import { rangeOf, type Store, type StoreOp, type StoreReader } from '../store/store.ts'
import type { ContextStore, DeltaOp } from './context-store.ts'
import { HELD_DECODED_MAX, HELD_REBUILD_BATCH } from './limits.ts'

/** Stands where the length of a path stands in the keys of nodes; no path is so long. */
const COMPLETE = Uint8Array.of(0xff)

interface Touched {
  graph?: boolean
  parked?: boolean
}

interface Decoded {
  readonly row: Bytes
  readonly node: SetNode
}

export class HeldIds {
  readonly #store: Store
  readonly #rows: ContextStore
  readonly #id: Bytes
  /** The rows read or made last, with what they say; oldest first. */
  readonly #decoded = new Map<Bound, Decoded>()

  constructor(store: Store, rows: ContextStore, contextId: ContextId) {
    this.#store = store
    this.#rows = rows
    this.#id = idBytes(contextId)
  }

  /** Runs `work`, which must not wait, on the set as of the last batch. */
  read<T>(work: (view: SetView) => T): T {
    // A batch may be written by another thread while this one reads row after row.
    const snapshot = this.#store.snapshot()
    try {
      return work(new SetView(this.#loadFrom(snapshot)))
    } finally {
      void snapshot.close()
    }
  }

  /** What joins the batch `ops` so that the set follows it. No other batch with deltas of this context may be under way. */
  follow(ops: readonly StoreOp[]): StoreOp[] {
    const touched = new Map<DeltaId, Touched>()
    for (const op of ops) {
      if (!isDeltaOp(op)) continue
      const { place, id } = op.held
      const known = touched.get(id) ?? {}
      known[place] = op.type === 'put'
      touched.set(id, known)
    }
    if (touched.size === 0) return []
    const load = remembering(this.#loadFrom(this.#store))
    const view = new SetView(load)
    const changes = [...touched].flatMap(([id, each]) => this.#changeOf(id, each, view))
    return changes.length === 0 ? [] : this.#opsOf(load, changes)
  }

  /**
   * Before anything follows: for rows from before the set was kept, makes it from them, in batches of its own. Only the
   * last one says that it is whole; what an attempt that died has left goes first.
   */
  async complete(batchMax = HELD_REBUILD_BATCH): Promise<void> {
    const marker = keyOf('held', this.#id, COMPLETE)
    if (this.#store.get(marker) !== undefined) return
    await this.#clear(batchMax)
    let changes: SetChange[] = []
    const opsOfChanges = () => this.#opsOf(this.#loadFrom(this.#store), changes)
    for await (const delta of this.#rows.everyDelta()) {
      changes.push({ key: delta.id, held: true })
      if (changes.length < batchMax) continue
      await this.#store.batch(opsOfChanges())
      changes = []
    }
    await this.#store.batch([...opsOfChanges(), { type: 'put', key: marker, value: new Uint8Array(0) }])
  }

  /** It is made anew from the rows when they are next read. */
  redo(): StoreOp {
    return { type: 'del', key: keyOf('held', this.#id, COMPLETE) }
  }

  async #clear(batchMax: number): Promise<void> {
    let ops: StoreOp[] = []
    for await (const [key] of this.#store.entries(rangeOf(keyOf('held', this.#id)))) {
      ops.push({ type: 'del', key })
      if (ops.length < batchMax) continue
      await this.#store.batch(ops)
      ops = []
    }
    if (ops.length > 0) await this.#store.batch(ops)
  }

  #changeOf(id: DeltaId, touched: Touched, view: SetView): SetChange[] {
    const isIn = (place: 'graph' | 'parked') => touched[place] ?? this.#rows.holds(place, id)
    const held = isIn('graph') || isIn('parked')
    return view.has(id) === held ? [] : [{ key: id, held }]
  }

  #opsOf(load: LoadNode, changes: readonly SetChange[]): StoreOp[] {
    return [...updateSet(load, changes)].map(([path, node]): StoreOp => {
      const key = this.#keyOf(path)
      if (node === null) return { type: 'del', key }
      const value = encodeNode(node)
      // It is read again as soon as it is stored; where it never is, the row that is read is another one.
      this.#remember(path, { row: value, node })
      return { type: 'put', key, value }
    })
  }

  #loadFrom(reader: StoreReader): LoadNode {
    return (path) => {
      const row = reader.get(this.#keyOf(path))
      return row && this.#nodeOf(path, row)
    }
  }

  #nodeOf(path: Bound, row: Bytes): SetNode {
    const known = this.#decoded.get(path)
    if (known && (known.row === row || equalBytes(known.row, row))) return known.node
    const node = decodeNode(row)
    this.#remember(path, { row, node })
    return node
  }

  #remember(path: Bound, read: Decoded): void {
    this.#decoded.delete(path)
    if (this.#decoded.size >= HELD_DECODED_MAX) {
      const oldest = this.#decoded.keys().next()
      if (!oldest.done) this.#decoded.delete(oldest.value)
    }
    this.#decoded.set(path, read)
  }

  #keyOf(path: Bound): Bytes {
    const digits = fromHex(path.length % 2 === 0 ? path : `${path}0`)
    return keyOf('held', this.#id, Uint8Array.of(path.length), digits)
  }
}

/** For one batch: both its checks and its changes read the same paths. */
function remembering(load: LoadNode): LoadNode {
  const nodes = new Map<Bound, SetNode | undefined>()
  return (path) => {
    if (!nodes.has(path)) nodes.set(path, load(path))
    return nodes.get(path)
  }
}

function isDeltaOp(op: StoreOp): op is DeltaOp {
  return 'held' in op
}
