// One node of the state's Merkle trie and its bytes. A subtree of at most LEAF_ENTRIES_MAX entries is one leaf, a larger
// one an inner node: so the shape depends on the entries alone, never on the order of writes.
import { type Bytes, compareBytes } from '../base/bytes.ts'
import { sha256, taggedHash } from '../base/hash.ts'
import { idFromBytes, type RootHash } from '../base/ids.ts'
import { StorageError } from './errors.ts'

/** Part of the root's definition: changing it changes every root. */
export const LEAF_ENTRIES_MAX = 64

export const HASH_LENGTH = 32
const CHILD_LENGTH = HASH_LENGTH + 4
const LEAF = 0
const INNER = 1

/** Two columns of equal length, ascending by key hash; kept packed because leaves are rewritten on every change. */
export interface TrieLeaf {
  readonly kind: 'leaf'
  /** SHA-256 of each key: the path of the entry. */
  readonly keyHashes: Bytes
  /** Of each entry; binds key and value. */
  readonly entryHashes: Bytes
}

export interface ChildRef {
  readonly nibble: number
  readonly hash: Bytes
  /** Entries below. */
  readonly count: number
}

/** Children ascend; there are more than LEAF_ENTRIES_MAX entries below. */
export interface TrieInner {
  readonly kind: 'inner'
  readonly children: readonly ChildRef[]
}

export type TrieNode = TrieLeaf | TrieInner

const NONE = new Uint8Array(0)

export const EMPTY_LEAF: TrieLeaf = { kind: 'leaf', keyHashes: NONE, entryHashes: NONE }

/** The root of a state without entries. */
export const EMPTY_ROOT: RootHash = rootOf(EMPTY_LEAF)

export function keyHashOf(key: Bytes): Bytes {
  return sha256(key)
}

export function entryHashOf(keyHash: Bytes, value: Bytes): Bytes {
  return taggedHash('calbox/state-entry/1', keyHash, value)
}

/** Over the entries' or the children's hashes: key hashes are bound by the former, counts by what is below. */
export function hashOf(node: TrieNode): Bytes {
  if (node.kind === 'leaf') return taggedHash('calbox/state-leaf/1', node.entryHashes)
  const input = new Uint8Array(2 + node.children.length * HASH_LENGTH)
  writeMask(input, 0, node)
  for (const [at, child] of node.children.entries()) input.set(child.hash, 2 + at * HASH_LENGTH)
  return taggedHash('calbox/state-inner/1', input)
}

export function rootOf(node: TrieNode): RootHash {
  return idFromBytes<RootHash>(hashOf(node))
}

export function countOf(node: TrieNode): number {
  if (node.kind === 'leaf') return node.keyHashes.byteLength / HASH_LENGTH
  let sum = 0
  for (const child of node.children) sum += child.count
  return sum
}

/** The pairs of a leaf, in order. */
export function* entriesOf(leaf: TrieLeaf): Generator<{ keyHash: Bytes; entryHash: Bytes }> {
  for (let at = 0; at < leaf.keyHashes.byteLength; at += HASH_LENGTH) {
    const end = at + HASH_LENGTH
    yield { keyHash: leaf.keyHashes.subarray(at, end), entryHash: leaf.entryHashes.subarray(at, end) }
  }
}

export function entryHashIn(leaf: TrieLeaf, keyHash: Bytes): Bytes | undefined {
  for (const entry of entriesOf(leaf)) if (compareBytes(entry.keyHash, keyHash) === 0) return entry.entryHash
  return undefined
}

export function nibbleAt(keyHash: Bytes, depth: number): number {
  const byte = keyHash[depth >>> 1] ?? 0
  return depth % 2 === 0 ? byte >>> 4 : byte & 15
}

export function encodeNode(node: TrieNode): Bytes {
  if (node.kind === 'leaf') {
    const out = Buffer.allocUnsafe(1 + 2 * node.keyHashes.byteLength)
    out[0] = LEAF
    out.set(node.keyHashes, 1)
    out.set(node.entryHashes, 1 + node.keyHashes.byteLength)
    return out
  }
  const out = Buffer.alloc(3 + node.children.length * CHILD_LENGTH)
  out[0] = INNER
  writeMask(out, 1, node)
  for (const [index, child] of node.children.entries()) {
    out.set(child.hash, 3 + index * CHILD_LENGTH)
    out.writeUInt32BE(child.count, 3 + index * CHILD_LENGTH + HASH_LENGTH)
  }
  return out
}

/** Throws StorageError STATE_CORRUPT. */
export function decodeNode(bytes: Bytes): TrieNode {
  if (bytes[0] === LEAF && (bytes.byteLength - 1) % (2 * HASH_LENGTH) === 0) return decodeLeaf(bytes)
  if (bytes[0] === INNER && bytes.byteLength >= 3) return decodeInner(bytes)
  throw corrupt()
}

function decodeLeaf(bytes: Bytes): TrieLeaf {
  const middle = 1 + (bytes.byteLength - 1) / 2
  const leaf: TrieLeaf = {
    kind: 'leaf',
    keyHashes: bytes.subarray(1, middle),
    entryHashes: bytes.subarray(middle),
  }
  let last: Bytes | undefined
  for (const { keyHash } of entriesOf(leaf)) {
    if (last !== undefined && compareBytes(last, keyHash) >= 0) throw corrupt()
    last = keyHash
  }
  if (countOf(leaf) > LEAF_ENTRIES_MAX) throw corrupt()
  return leaf
}

function decodeInner(bytes: Bytes): TrieInner {
  const mask = ((bytes[1] ?? 0) << 8) | (bytes[2] ?? 0)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const children: ChildRef[] = []
  let at = 3
  for (let nibble = 0; nibble < 16; nibble += 1) {
    if ((mask & (1 << nibble)) === 0) continue
    if (at + CHILD_LENGTH > bytes.byteLength) throw corrupt()
    children.push({ nibble, hash: bytes.subarray(at, at + HASH_LENGTH), count: view.getUint32(at + HASH_LENGTH) })
    at += CHILD_LENGTH
  }
  if (at !== bytes.byteLength) throw corrupt()
  return { kind: 'inner', children }
}

function writeMask(out: Uint8Array, at: number, node: TrieInner): void {
  let mask = 0
  for (const child of node.children) mask |= 1 << child.nibble
  out[at] = mask >>> 8
  out[at + 1] = mask & 0xff
}

function corrupt(): StorageError {
  return new StorageError('STATE_CORRUPT', 'a node of the state tree cannot be decoded; the state is made anew')
}
