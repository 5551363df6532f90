// Reads the set: counts, fingerprints and keys of ranges, and keys by rank. Each costs the nodes on the paths to the
// range's bounds. Make one for every synchronous piece of work: it remembers nodes, and must not outlive a change.
import type { Bytes } from '../base/bytes.ts'
import { type Bound, END, type ItemKey, type KeyRange, separator } from './item-key.ts'
import { SUMMARIES_MAX } from './limits.ts'
import {
  BUCKET_MAX,
  branchFingerprint,
  type ChildRef,
  countOf,
  EMPTY,
  fingerprintOf,
  type LoadNode,
  type SetNode,
} from './set-node.ts'

export interface Summary {
  readonly count: number
  /** Equal iff the keys are: the fingerprint of the set that has only these keys. */
  readonly fingerprint: Bytes
}

/** Runs `work` on the set as it is at that moment, whatever is written meanwhile. */
export type ReadSet = <T>(work: (view: SetView) => T) => T

/** What of a node lies in a range, hashed only where it is asked for. `keys` are known where there are few of them. */
interface Part {
  readonly digit: string
  readonly count: number
  readonly fingerprint: () => Bytes
  readonly keys: () => readonly ItemKey[]
}

/** By the root, which binds all keys: while nothing changes, every peer is asked and asks about the same few ranges. */
const summaries = new WeakMap<SetNode, Map<string, Summary>>()

function summariesOf(root: SetNode): Map<string, Summary> {
  const known = summaries.get(root) ?? new Map<string, Summary>()
  summaries.set(root, known)
  return known
}

export class SetView {
  readonly #load: LoadNode
  readonly #nodes = new Map<Bound, SetNode>()
  #visits = 0

  constructor(load: LoadNode) {
    this.#load = load
  }

  /** Nodes looked at so far, again and again included: the measure of work. */
  get visits(): number {
    return this.#visits
  }

  get size(): number {
    return countOf(this.#at(''))
  }

  has(key: ItemKey): boolean {
    let node = this.#at('')
    while (node.kind === 'branch') {
      const { prefix } = node
      const digit = key.charAt(prefix.length)
      if (!key.startsWith(prefix) || !node.children.some((child) => child.digit === digit)) return false
      node = this.#at(prefix + digit)
    }
    return node.keys.includes(key)
  }

  summary(range: KeyRange): Summary {
    const known = summariesOf(this.#at(''))
    const name = `${range.from} ${range.to}`
    let summary = known.get(name)
    if (summary === undefined) {
      const { count, fingerprint } = this.#part('', '', range)
      summary = { count, fingerprint: fingerprint() }
      if (known.size < SUMMARIES_MAX) known.set(name, summary)
    }
    return summary
  }

  count({ from, to }: KeyRange): number {
    return to <= from ? 0 : this.#below(to) - this.#below(from)
  }

  /** In order, the first `limit`. */
  keys(range: KeyRange, limit: number): ItemKey[] {
    const found: ItemKey[] = []
    this.#collect('', range, { found, limit })
    return found
  }

  /** The key with `rank` smaller ones in the whole set. */
  at(rank: number): ItemKey | undefined {
    let node = this.#at('')
    let left = rank
    while (node.kind === 'branch') {
      const { prefix, children } = node
      const child = children.find(({ count }) => {
        if (left < count) return true
        left -= count
        return false
      })
      if (child === undefined) return undefined
      node = this.#at(prefix + child.digit)
    }
    return node.keys[left]
  }

  /** Ranges that tile `range`, with about equally many keys each: `parts` of them, or one a key. */
  split(range: KeyRange, parts: number): KeyRange[] {
    const first = this.#below(range.from)
    const count = this.#below(range.to) - first
    const ranks = Array.from({ length: parts - 1 }, (_, index) => first + Math.floor(((index + 1) * count) / parts))
    return this.splitAt(range, ranks)
  }

  /** Ranges that tile `range`, each but the first beginning at the key of one of `ranks`, which ascend. */
  splitAt(range: KeyRange, ranks: readonly number[]): KeyRange[] {
    const bounds = ranks.flatMap((rank) => {
      const [left, right] = [this.at(rank - 1), this.at(rank)]
      return left === undefined || right === undefined ? [] : [separator(left, right)]
    })
    const inside = [...new Set(bounds)].filter((bound) => bound > range.from && bound < range.to)
    return [range.from, ...inside].map((from, index) => ({ from, to: inside[index] ?? range.to }))
  }

  #at(path: Bound): SetNode {
    this.#visits += 1
    const known = this.#nodes.get(path)
    if (known !== undefined) return known
    const node = this.#load(path) ?? EMPTY
    this.#nodes.set(path, node)
    return node
  }

  /** Keys of the whole set before `bound`. */
  #below(bound: Bound): number {
    let count = 0
    let node = this.#at('')
    while (node.kind === 'branch') {
      const { prefix, children } = node
      if (isOutside(prefix, { from: bound, to: END })) return count + countOf(node)
      if (bound <= prefix) return count
      for (const child of children) if (prefix + child.digit + END <= bound) count += child.count
      const digit = bound.charAt(prefix.length)
      if (!children.some((child) => child.digit === digit)) return count
      node = this.#at(prefix + digit)
    }
    return count + node.keys.filter((key) => key < bound).length
  }

  #part(path: Bound, digit: string, range: KeyRange): Part {
    const node = this.#at(path)
    if (node.kind === 'bucket') {
      const keys = node.keys.filter((key) => isIn(key, range))
      return bucketPart(digit, keys)
    }
    const { prefix, children } = node
    const parts: Part[] = []
    let count = 0
    for (const child of children) {
      const part = this.#childPart(prefix, child, range)
      if (part === undefined || part.count === 0) continue
      parts.push(part)
      count += part.count
    }
    const [only] = parts
    if (only !== undefined && parts.length === 1) return { ...only, digit }
    if (count <= BUCKET_MAX) {
      const keys = parts.flatMap((part) => part.keys())
      return bucketPart(digit, keys)
    }
    return { digit, count, fingerprint: () => branchFingerprint(prefix.length, parts.map(hashed)), keys: () => [] }
  }

  #childPart(prefix: Bound, child: ChildRef, range: KeyRange): Part | undefined {
    const { digit, count, fingerprint } = child
    const path = prefix + digit
    if (isOutside(path, range)) return undefined
    if (!isInside(path, range)) return this.#part(path, digit, range)
    return { digit, count, fingerprint: () => fingerprint, keys: () => this.#bucketKeys(path) }
  }

  #bucketKeys(path: Bound): readonly ItemKey[] {
    const node = this.#at(path)
    return node.kind === 'bucket' ? node.keys : []
  }

  #collect(path: Bound, range: KeyRange, into: { readonly found: ItemKey[]; readonly limit: number }): void {
    const node = this.#at(path)
    if (node.kind === 'bucket') {
      for (const key of node.keys) if (isIn(key, range) && into.found.length < into.limit) into.found.push(key)
      return
    }
    for (const { digit } of node.children) {
      if (into.found.length >= into.limit) return
      if (!isOutside(node.prefix + digit, range)) this.#collect(node.prefix + digit, range, into)
    }
  }
}

/** The fingerprint of no keys. */
export const EMPTY_FINGERPRINT: Bytes = fingerprintOf(EMPTY)

function bucketPart(digit: string, keys: readonly ItemKey[]): Part {
  const fingerprint = () => (keys.length === 0 ? EMPTY_FINGERPRINT : fingerprintOf({ kind: 'bucket', keys }))
  return { digit, count: keys.length, fingerprint, keys: () => keys }
}

function hashed({ digit, fingerprint }: Part): Omit<ChildRef, 'count'> {
  return { digit, fingerprint: fingerprint() }
}

function isIn(key: ItemKey, { from, to }: KeyRange): boolean {
  return key >= from && key < to
}

/** Whether all keys that begin with `path` are in the range. */
function isInside(path: Bound, { from, to }: KeyRange): boolean {
  return from <= path && path + END <= to
}

/** Whether no key that begins with `path` is in the range. */
function isOutside(path: Bound, { from, to }: KeyRange): boolean {
  return path + END <= from || to <= path
}
