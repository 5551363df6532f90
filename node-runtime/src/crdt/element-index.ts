// The ordered set of an instance's live element keys, kept as records of the state, because a guest's host functions
// can look up single keys but not scan. A tree over the nibbles of the keys, skipping what all keys of a subtree share;
// up to BUCKET_KEYS_MAX keys are one bucket, more an inner node. Its shape depends on the set alone, so replicas that
// hold the same elements hold the same index bytes. Inner nodes hold no counts: most changes write one bucket only,
// however many keys there are.
import { type Bytes, compareBytes } from '../base/bytes.ts'
import { corruptState } from './codec.ts'
import type { CrdtState } from './crdt-state.ts'
import {
  BUCKET_KEYS_MAX,
  type Bucket,
  decodeNode,
  encodeNode,
  type IndexNode,
  type Inner,
  nibbleAt,
} from './index-node.ts'

export interface KeyRange {
  readonly gte?: Bytes
  readonly lt?: Bytes
  readonly reverse?: boolean
}

export class ElementIndex {
  readonly #state: CrdtState
  readonly #prefix: Bytes

  constructor(state: CrdtState, prefix: Bytes) {
    this.#state = state
    this.#prefix = prefix
  }

  /** `key` must not be in the index. */
  add(key: Bytes): void {
    let depth = 0
    for (;;) {
      const slot = this.#slot(key, depth)
      const node = this.#read(key, depth)
      if (node === undefined || node.kind === 'bucket') {
        const keys = node?.keys ?? []
        this.#writeKeys(slot, keys.toSpliced(lowerBound(keys, key), 0, key))
        return
      }
      const shared = sharedNibbles(key, node.path, node.length)
      if (shared < node.length) {
        this.#fork(slot, node, key, shared)
        return
      }
      if (key.byteLength * 2 === node.length) {
        this.#write(slot, { ...node, own: true })
        return
      }
      const child = 1 << nibbleAt(key, node.length)
      if ((node.children & child) === 0) this.#write(slot, { ...node, children: node.children | child })
      depth = node.length + 1
    }
  }

  /** `key` must be in the index. */
  delete(key: Bytes): void {
    let parent: { slot: Bytes; node: Inner } | undefined
    let depth = 0
    for (;;) {
      const slot = this.#slot(key, depth)
      const node = this.#read(key, depth)
      if (node === undefined) return
      if (node.kind === 'bucket') {
        this.#deleteFromBucket(slot, node, key, parent)
        return
      }
      if (key.byteLength * 2 === node.length) {
        this.#shrink(slot, { ...node, own: false }, true)
        return
      }
      parent = { slot, node }
      depth = node.length + 1
    }
  }

  has(key: Bytes): boolean {
    for (let depth = 0; ; ) {
      const node = this.#read(key, depth)
      if (node === undefined) return false
      if (node.kind === 'bucket') {
        const found = node.keys[lowerBound(node.keys, key)]
        return found !== undefined && compareBytes(found, key) === 0
      }
      if (sharedNibbles(key, node.path, node.length) < node.length) return false
      if (key.byteLength * 2 === node.length) return node.own
      if ((node.children & (1 << nibbleAt(key, node.length))) === 0) return false
      depth = node.length + 1
    }
  }

  /** Those in the range, in byte order, or the other way round. Reads no subtree outside the range. Nothing may change meanwhile. */
  keys(range: KeyRange = {}): Generator<Bytes> {
    return this.#keysAt(this.#prefix, 0, range)
  }

  /** `key` leaves the shared path of `node` early: a new node above the two. */
  #fork(slot: Bytes, node: Inner, key: Bytes, shared: number): void {
    this.#write(this.#slot(node.path, shared + 1), node)
    let children = 1 << nibbleAt(node.path, shared)
    const own = key.byteLength * 2 === shared
    if (!own) {
      children |= 1 << nibbleAt(key, shared)
      this.#write(this.#slot(key, shared + 1), { kind: 'bucket', keys: [key] })
    }
    this.#write(slot, { kind: 'inner', path: key, length: shared, own, children })
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
    const length = sharedNibbles(first, last, Number.POSITIVE_INFINITY)
    const own = first.byteLength * 2 === length
    const groups = Map.groupBy(own ? keys.slice(1) : keys, (key) => nibbleAt(key, length))
    let children = 0
    for (const [nibble, group] of groups) {
      children |= 1 << nibble
      this.#writeKeys(this.#slot(group[0] ?? first, length + 1), group)
    }
    this.#write(slot, { kind: 'inner', path: first, length, own, children })
  }

  #deleteFromBucket(slot: Bytes, bucket: Bucket, key: Bytes, parent: { slot: Bytes; node: Inner } | undefined): void {
    const keys = bucket.keys.filter((other) => compareBytes(other, key) !== 0)
    this.#writeKeys(slot, keys)
    if (parent === undefined) return
    const { node } = parent
    const gone = keys.length === 0 ? 1 << nibbleAt(key, node.length) : 0
    this.#shrink(parent.slot, { ...node, children: node.children & ~gone }, gone !== 0)
  }

  /** After a delete: few keys become one bucket; an inner node that decides nothing gives way to its only child. */
  #shrink(slot: Bytes, node: Inner, changed: boolean): void {
    const children = nibblesOf(node).map((nibble) => withNibble(node, nibble))
    const depth = node.length + 1
    const [only, second] = children
    const child = only !== undefined && second === undefined && !node.own ? this.#read(only, depth) : undefined
    if (only !== undefined && child?.kind === 'inner') {
      this.#state.set(this.#slot(only, depth), null)
      this.#write(slot, child)
      return
    }
    const keys = this.#fewKeys(node, children)
    if (keys === undefined) {
      if (changed) this.#write(slot, node)
      return
    }
    for (const gone of children) this.#state.set(this.#slot(gone, depth), null)
    this.#writeKeys(slot, keys)
  }

  /** All keys below, or undefined when they do not fit a bucket. Reads no more nodes than it must. */
  #fewKeys(node: Inner, children: readonly Bytes[]): Bytes[] | undefined {
    const keys = node.own ? [node.path.subarray(0, node.length / 2)] : []
    for (const path of children) {
      const child = this.#read(path, node.length + 1)
      if (child?.kind === 'inner') return undefined
      keys.push(...(child?.keys ?? []))
      if (keys.length > BUCKET_KEYS_MAX) return undefined
    }
    return keys
  }

  /** Of the keys that begin with the first `depth` nibbles of `path`. */
  *#keysAt(path: Bytes, depth: number, range: KeyRange): Generator<Bytes> {
    const node = this.#read(path, depth)
    if (node === undefined) return
    if (node.kind === 'bucket') {
      const inside = node.keys.filter((key) => isInside(key, range))
      yield* range.reverse ? inside.reverse() : inside
      return
    }
    const own = node.own ? [node.path.subarray(0, node.length / 2)].filter((key) => isInside(key, range)) : []
    // The path itself is before all that it begins.
    if (!range.reverse) yield* own
    const nibbles = nibblesOf(node)
    for (const nibble of range.reverse ? nibbles.reverse() : nibbles) {
      const below = withNibble(node, nibble)
      if (mayMeet(below, node.length + 1, range)) yield* this.#keysAt(below, node.length + 1, range)
    }
    if (range.reverse) yield* own
  }

  /** The record key of the slot for all keys that begin with the first `depth` nibbles of `key`. */
  #slot(key: Bytes, depth: number): Bytes {
    const whole = depth >>> 1
    const odd = depth % 2
    const at = this.#prefix.byteLength
    const out = new Uint8Array(at + 1 + whole + odd)
    out.set(this.#prefix)
    out[at] = odd
    out.set(key.subarray(0, whole), at + 1)
    if (odd === 1) out[at + 1 + whole] = (key[whole] ?? 0) & 0xf0
    return out
  }

  /**
   * The node of the slot for the first `depth` nibbles of `path`. An inner one must lie below them: so every step leads
   * deeper and no two lead to one place, whatever bytes a state was received with.
   */
  #read(path: Bytes, depth: number): IndexNode | undefined {
    const bytes = this.#state.get(this.#slot(path, depth))
    if (bytes === undefined) return undefined
    const node = decodeNode(bytes)
    if (node.kind === 'inner' && (node.length < depth || sharedNibbles(node.path, path, depth) < depth))
      throw corruptState('a node of an index is not where it must be')
    return node
  }

  #write(slot: Bytes, node: IndexNode): void {
    this.#state.set(slot, encodeNode(node))
  }
}

function nibblesOf(node: Inner): number[] {
  const out: number[] = []
  for (let nibble = 0; nibble < 16; nibble += 1) if ((node.children & (1 << nibble)) !== 0) out.push(nibble)
  return out
}

/** A key that begins with the node's path and `nibble`. */
function withNibble(node: Inner, nibble: number): Bytes {
  const out = new Uint8Array((node.length >>> 1) + 1)
  out.set(node.path.subarray(0, Math.ceil(node.length / 2)))
  const at = node.length >>> 1
  out[at] = node.length % 2 === 0 ? nibble << 4 : ((out[at] ?? 0) & 0xf0) | nibble
  return out
}

/** The first key after all that begin with `beginning`; undefined = there is none. */
export function afterAll(beginning: Bytes): Bytes | undefined {
  const last = beginning.findLastIndex((byte) => byte !== 0xff)
  if (last < 0) return undefined
  const out = new Uint8Array(beginning.subarray(0, last + 1))
  out[last] = (out[last] ?? 0) + 1
  return out
}

export function beginningWith(beginning: Bytes): KeyRange {
  const lt = afterAll(beginning)
  return lt === undefined ? { gte: beginning } : { gte: beginning, lt }
}

export function isInside(key: Bytes, { gte, lt }: KeyRange): boolean {
  return (gte === undefined || compareBytes(key, gte) >= 0) && (lt === undefined || compareBytes(key, lt) < 0)
}

/** False when no key that begins with the first `length` nibbles of `path` can be in the range. */
function mayMeet(path: Bytes, length: number, { gte, lt }: KeyRange): boolean {
  if (lt !== undefined && compareNibbles(path, length, lt) >= 0) return false
  return gte === undefined || compareNibbles(path, length, gte) >= 0 || sharedNibbles(path, gte, length) === length
}

/** The first `length` nibbles of `path` against `key`; a beginning is before what it begins. */
function compareNibbles(path: Bytes, length: number, key: Bytes): number {
  const shared = sharedNibbles(path, key, length)
  if (shared === length) return length - key.byteLength * 2
  return shared === key.byteLength * 2 ? 1 : nibbleAt(path, shared) - nibbleAt(key, shared)
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
