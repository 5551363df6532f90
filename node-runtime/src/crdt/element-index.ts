// The ordered set of an instance's live element keys, kept as records of the state, because a guest's host functions
// can look up single keys but not scan. A tree over the nibbles of the keys, skipping what all keys of a subtree share;
// up to BUCKET_KEYS_MAX keys are one bucket, more an inner node. Its shape depends on the set alone, so replicas that
// hold the same elements hold the same index bytes. Cost of a change: the nodes on one path.
import { type Bytes, compareBytes, concat } from '../base/bytes.ts'
import type { CrdtState } from './crdt-state.ts'
import {
  BUCKET_KEYS_MAX,
  type Bucket,
  countOf,
  decodeNode,
  encodeNode,
  type IndexNode,
  type Inner,
  nibbleAt,
} from './index-node.ts'

export class ElementIndex {
  readonly #state: CrdtState
  readonly #prefix: Bytes

  constructor(state: CrdtState, prefix: Bytes) {
    this.#state = state
    this.#prefix = prefix
  }

  get size(): number {
    const root = this.#read(this.#slot(this.#prefix, 0))
    return root === undefined ? 0 : countOf(root)
  }

  /** True when `key` was not there. */
  add(key: Bytes): boolean {
    return this.#addAt(key, 0)
  }

  /** True when `key` was there. */
  delete(key: Bytes): boolean {
    return this.#deleteAt(key, 0)
  }

  /** In byte order. The index must not change meanwhile. */
  *keys(): Generator<Bytes> {
    yield* this.#keysAt(this.#slot(this.#prefix, 0))
  }

  #addAt(key: Bytes, depth: number): boolean {
    const slot = this.#slot(key, depth)
    const node = this.#read(slot)
    if (node === undefined || node.kind === 'bucket') {
      const keys = node === undefined ? [] : [...node.keys]
      const at = lowerBound(keys, key)
      const found = keys[at]
      if (found !== undefined && compareBytes(found, key) === 0) return false
      keys.splice(at, 0, key)
      this.#writeKeys(slot, keys)
      return true
    }
    const shared = sharedNibbles(key, node.path, node.length)
    if (shared < node.length) {
      this.#fork(slot, node, key, shared)
      return true
    }
    return this.#addInside(slot, node, key)
  }

  #addInside(slot: Bytes, node: Inner, key: Bytes): boolean {
    if (key.byteLength * 2 === node.length) {
      if (node.own) return false
      this.#write(slot, { ...node, own: true })
      return true
    }
    if (!this.#addAt(key, node.length + 1)) return false
    const counts = [...node.counts]
    const nibble = nibbleAt(key, node.length)
    counts[nibble] = (counts[nibble] ?? 0) + 1
    this.#write(slot, { ...node, counts })
    return true
  }

  /** `key` leaves the shared path of `node` early: a new node above the two. */
  #fork(slot: Bytes, node: Inner, key: Bytes, shared: number): void {
    const counts = emptyCounts()
    counts[nibbleAt(node.path, shared)] = countOf(node)
    this.#write(this.#slot(node.path, shared + 1), node)
    const own = key.byteLength * 2 === shared
    if (!own) {
      counts[nibbleAt(key, shared)] = 1
      this.#write(this.#slot(key, shared + 1), { kind: 'bucket', keys: [key] })
    }
    this.#write(slot, { kind: 'inner', path: key, length: shared, own, counts })
  }

  /** One bucket, or, when there are too many keys, an inner node over buckets. */
  #writeKeys(slot: Bytes, keys: readonly Bytes[]): void {
    const [first, last] = [keys[0], keys.at(-1)]
    if (first === undefined || last === undefined) {
      this.#state.set(slot, null)
      return
    }
    if (keys.length <= BUCKET_KEYS_MAX) {
      this.#write(slot, { kind: 'bucket', keys })
      return
    }
    // Sorted keys: what the first and the last share, all share.
    const length = sharedNibbles(first, last, Math.min(first.byteLength, last.byteLength) * 2)
    const own = first.byteLength * 2 === length
    const groups = new Map<number, Bytes[]>()
    for (const key of own ? keys.slice(1) : keys) {
      const nibble = nibbleAt(key, length)
      groups.set(nibble, [...(groups.get(nibble) ?? []), key])
    }
    const counts = emptyCounts()
    for (const [nibble, group] of groups) {
      counts[nibble] = group.length
      this.#writeKeys(this.#slot(group[0] ?? first, length + 1), group)
    }
    this.#write(slot, { kind: 'inner', path: first, length, own, counts })
  }

  #deleteAt(key: Bytes, depth: number): boolean {
    const slot = this.#slot(key, depth)
    const node = this.#read(slot)
    if (node === undefined) return false
    if (node.kind === 'bucket') return this.#deleteFromBucket(slot, node, key)
    if (key.byteLength * 2 < node.length || sharedNibbles(key, node.path, node.length) < node.length) return false
    const counts = [...node.counts]
    let own = node.own
    if (key.byteLength * 2 === node.length) {
      if (!own) return false
      own = false
    } else {
      if (!this.#deleteAt(key, node.length + 1)) return false
      const nibble = nibbleAt(key, node.length)
      counts[nibble] = (counts[nibble] ?? 1) - 1
    }
    this.#shrink(slot, { ...node, own, counts })
    return true
  }

  #deleteFromBucket(slot: Bytes, node: Bucket, key: Bytes): boolean {
    const at = lowerBound(node.keys, key)
    const found = node.keys[at]
    if (found === undefined || compareBytes(found, key) !== 0) return false
    this.#writeKeys(slot, node.keys.toSpliced(at, 1))
    return true
  }

  /** After a delete: few keys become one bucket; an inner node that decides nothing gives way to its only child. */
  #shrink(slot: Bytes, node: Inner): void {
    const nibbles = node.counts.flatMap((count, nibble) => (count > 0 ? [nibble] : []))
    const childSlots = nibbles.map((nibble) => this.#slot(withNibble(node, nibble), node.length + 1))
    if (countOf(node) <= BUCKET_KEYS_MAX) {
      const own = node.own ? [node.path.subarray(0, node.length / 2)] : []
      const keys = [...own, ...childSlots.flatMap((child) => [...this.#keysAt(child)])]
      for (const child of childSlots) this.#state.set(child, null)
      this.#writeKeys(slot, keys)
      return
    }
    const [only, second] = childSlots
    const child = only !== undefined && second === undefined && !node.own ? this.#read(only) : undefined
    if (only === undefined || child === undefined) {
      this.#write(slot, node)
      return
    }
    this.#state.set(only, null)
    this.#write(slot, child)
  }

  *#keysAt(slot: Bytes): Generator<Bytes> {
    const node = this.#read(slot)
    if (node === undefined) return
    if (node.kind === 'bucket') {
      yield* node.keys
      return
    }
    if (node.own) yield node.path.subarray(0, node.length / 2)
    for (const [nibble, count] of node.counts.entries()) {
      if (count > 0) yield* this.#keysAt(this.#slot(withNibble(node, nibble), node.length + 1))
    }
  }

  /** The record key of the slot for all keys that begin with the first `depth` nibbles of `key`. */
  #slot(key: Bytes, depth: number): Bytes {
    const whole = key.subarray(0, depth >>> 1)
    if (depth % 2 === 0) return concat([this.#prefix, Uint8Array.of(0), whole])
    return concat([this.#prefix, Uint8Array.of(1), whole, Uint8Array.of((key[depth >>> 1] ?? 0) & 0xf0)])
  }

  #read(slot: Bytes): IndexNode | undefined {
    const bytes = this.#state.get(slot)
    return bytes === undefined ? undefined : decodeNode(bytes)
  }

  #write(slot: Bytes, node: IndexNode): void {
    this.#state.set(slot, encodeNode(node))
  }
}

function emptyCounts(): number[] {
  return new Array<number>(16).fill(0)
}

/** A key that begins with the node's path and `nibble`. */
function withNibble(node: Inner, nibble: number): Bytes {
  const out = new Uint8Array((node.length >>> 1) + 1)
  out.set(node.path.subarray(0, Math.ceil(node.length / 2)))
  const at = node.length >>> 1
  out[at] = node.length % 2 === 0 ? nibble << 4 : ((out[at] ?? 0) & 0xf0) | nibble
  return out
}

function sharedNibbles(a: Bytes, b: Bytes, max: number): number {
  const end = Math.min(max, a.byteLength * 2, b.byteLength * 2)
  let at = 0
  while (at < end && nibbleAt(a, at) === nibbleAt(b, at)) at += 1
  return at
}

function lowerBound(sorted: readonly Bytes[], key: Bytes): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const value = sorted[middle]
    if (value !== undefined && compareBytes(value, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}
