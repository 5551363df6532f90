// One node of the state's Merkle trie and its bytes. A subtree of at most LEAF_ENTRIES_MAX entries is one leaf, a larger
// one an inner node: so the shape depends on the entries alone, never on the order of writes.
import { type Bytes, compareBytes, concat, u32be } from '../base/bytes.ts'
import { sha256, taggedHash } from '../base/hash.ts'
import { idFromBytes, type RootHash } from '../base/ids.ts'
import { StorageError } from './errors.ts'

/** Part of the root's definition: changing it changes every root. */
export const LEAF_ENTRIES_MAX = 64

const HASH_LENGTH = 32
const CHILD_LENGTH = HASH_LENGTH + 4
const LEAF = 0
const INNER = 1

export interface LeafEntry {
  /** SHA-256 of the key: the path of the entry. */
  readonly keyHash: Bytes
  /** Binds key and value. */
  readonly entryHash: Bytes
}

export interface ChildRef {
  readonly nibble: number
  readonly hash: Bytes
  /** Entries below. */
  readonly count: number
}

/** Entries and children ascend. An inner node has more than LEAF_ENTRIES_MAX entries below. */
export type TrieNode =
  | { readonly kind: 'leaf'; readonly entries: readonly LeafEntry[] }
  | { readonly kind: 'inner'; readonly children: readonly ChildRef[] }

export const EMPTY_LEAF: TrieNode = { kind: 'leaf', entries: [] }

/** The root of a state without entries. */
export const EMPTY_ROOT: RootHash = rootOf(EMPTY_LEAF)

export function keyHashOf(key: Bytes): Bytes {
  return sha256(key)
}

export function entryHashOf(keyHash: Bytes, value: Bytes): Bytes {
  return taggedHash('calbox/state-entry/1', keyHash, value)
}

export function hashOf(node: TrieNode): Bytes {
  return taggedHash('calbox/state-node/1', encodeNode(node))
}

export function rootOf(node: TrieNode): RootHash {
  return idFromBytes<RootHash>(hashOf(node))
}

export function countOf(node: TrieNode): number {
  if (node.kind === 'leaf') return node.entries.length
  return node.children.reduce((sum, child) => sum + child.count, 0)
}

export function nibbleAt(keyHash: Bytes, depth: number): number {
  const byte = keyHash[depth >>> 1] ?? 0
  return depth % 2 === 0 ? byte >>> 4 : byte & 15
}

export function encodeNode(node: TrieNode): Bytes {
  if (node.kind === 'leaf') {
    return concat([Uint8Array.of(LEAF), ...node.entries.flatMap((entry) => [entry.keyHash, entry.entryHash])])
  }
  const mask = node.children.reduce((bits, child) => bits | (1 << child.nibble), 0)
  const children = node.children.flatMap((child) => [child.hash, u32be(child.count)])
  return concat([Uint8Array.of(INNER, mask >>> 8, mask & 0xff), ...children])
}

/** Throws StorageError STATE_CORRUPT. */
export function decodeNode(bytes: Bytes): TrieNode {
  if (bytes[0] === LEAF && (bytes.byteLength - 1) % (2 * HASH_LENGTH) === 0) return decodeLeaf(bytes)
  if (bytes[0] === INNER && bytes.byteLength >= 3) return decodeInner(bytes)
  throw corrupt()
}

function decodeLeaf(bytes: Bytes): TrieNode {
  const entries: LeafEntry[] = []
  for (let at = 1; at < bytes.byteLength; at += 2 * HASH_LENGTH) {
    const keyHash = bytes.subarray(at, at + HASH_LENGTH)
    const last = entries.at(-1)
    if (last !== undefined && compareBytes(last.keyHash, keyHash) >= 0) throw corrupt()
    entries.push({ keyHash, entryHash: bytes.subarray(at + HASH_LENGTH, at + 2 * HASH_LENGTH) })
  }
  if (entries.length > LEAF_ENTRIES_MAX) throw corrupt()
  return { kind: 'leaf', entries }
}

function decodeInner(bytes: Bytes): TrieNode {
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

function corrupt(): StorageError {
  return new StorageError('STATE_CORRUPT', 'a node of the state tree cannot be decoded; re-fetch the state from a peer')
}
