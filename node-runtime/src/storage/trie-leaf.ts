// Leaves of the trie: merged with changes, split and joined, column by column.
import { type Bytes, compareBytes, concat } from '../base/bytes.ts'
import { EMPTY_LEAF, HASH_LENGTH, nibbleAt, type TrieLeaf } from './trie-node.ts'

/** `entryHash` null deletes. */
export interface TrieChange {
  readonly keyHash: Bytes
  readonly entryHash: Bytes | null
}

/** `changes` ascend and are distinct. The result may be too large for a leaf. */
export function mergeLeaf(leaf: TrieLeaf, changes: readonly TrieChange[]): TrieLeaf {
  const size = leaf.keyHashes.byteLength + changes.length * HASH_LENGTH
  const keyHashes = Buffer.allocUnsafe(size)
  const entryHashes = Buffer.allocUnsafe(size)
  let from = 0
  let to = 0
  const keepUntil = (end: number) => {
    keyHashes.set(leaf.keyHashes.subarray(from, end), to)
    entryHashes.set(leaf.entryHashes.subarray(from, end), to)
    to += end - from
    from = end
  }
  for (const { keyHash, entryHash } of changes) {
    const { at, found } = search(leaf.keyHashes, keyHash)
    keepUntil(at)
    if (found) from += HASH_LENGTH
    if (entryHash === null) continue
    keyHashes.set(keyHash, to)
    entryHashes.set(entryHash, to)
    to += HASH_LENGTH
  }
  keepUntil(leaf.keyHashes.byteLength)
  return { kind: 'leaf', keyHashes: keyHashes.subarray(0, to), entryHashes: entryHashes.subarray(0, to) }
}

/** The parts of a leaf by the nibble at `depth`, ascending, none empty. */
export function splitLeaf(leaf: TrieLeaf, depth: number): [nibble: number, part: TrieLeaf][] {
  const parts: [number, TrieLeaf][] = []
  const { keyHashes, entryHashes } = leaf
  for (let from = 0; from < keyHashes.byteLength; ) {
    const nibble = nibbleAt(keyHashes.subarray(from, from + HASH_LENGTH), depth)
    let end = from + HASH_LENGTH
    while (end < keyHashes.byteLength && nibbleAt(keyHashes.subarray(end, end + HASH_LENGTH), depth) === nibble) {
      end += HASH_LENGTH
    }
    parts.push([
      nibble,
      { kind: 'leaf', keyHashes: keyHashes.slice(from, end), entryHashes: entryHashes.slice(from, end) },
    ])
    from = end
  }
  return parts
}

/** `leaves` ascend. */
export function joinLeaves(leaves: readonly TrieLeaf[]): TrieLeaf {
  if (leaves.length === 0) return EMPTY_LEAF
  return {
    kind: 'leaf',
    keyHashes: concat(leaves.map((leaf) => leaf.keyHashes)),
    entryHashes: concat(leaves.map((leaf) => leaf.entryHashes)),
  }
}

/** Byte offset of the first key hash that is not below `keyHash`. */
function search(keyHashes: Bytes, keyHash: Bytes): { at: number; found: boolean } {
  let low = 0
  let high = keyHashes.byteLength / HASH_LENGTH
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = compareBytes(keyHashes.subarray(middle * HASH_LENGTH, (middle + 1) * HASH_LENGTH), keyHash)
    if (order === 0) return { at: middle * HASH_LENGTH, found: true }
    if (order < 0) low = middle + 1
    else high = middle
  }
  return { at: low * HASH_LENGTH, found: false }
}
