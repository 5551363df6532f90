// The root of a map from its entries alone, without the stored tree: what the entries say, not what was written of them.
import { type Bytes, concat } from '../../base/bytes.ts'
import type { RootHash } from '../../base/ids.ts'
import {
  type ChildRef,
  EMPTY_LEAF,
  entryHashOf,
  hashOf,
  keyHashOf,
  LEAF_ENTRIES_MAX,
  nibbleAt,
  rootOf,
  type TrieNode,
} from '../../storage/trie-node.ts'
import { PASS_ENTRIES_MAX } from '../limits.ts'

interface Pair {
  readonly keyHash: Bytes
  readonly entryHash: Bytes
}

export interface Counted {
  readonly root: RootHash
  readonly entries: number
  /** Keys and values together. */
  readonly bytes: number
}

/** `entries` is asked for once, or 16 times where there are many: memory is bounded by `passMax` pairs or a sixteenth. */
export async function rootFrom(
  entries: () => AsyncIterable<readonly [Bytes, Bytes]>,
  expectedCount: number,
  passMax = PASS_ENTRIES_MAX,
): Promise<Counted> {
  let [count, bytes] = [0, 0]
  if (expectedCount <= Math.max(passMax, LEAF_ENTRIES_MAX)) {
    const pairs: Pair[] = []
    for await (const [key, value] of entries()) {
      pairs.push(pairOf(key, value))
      bytes += key.byteLength + value.byteLength
    }
    return { root: rootOf(nodeOf(sorted(pairs), 0)), entries: pairs.length, bytes }
  }
  const children: ChildRef[] = []
  for (let nibble = 0; nibble < 16; nibble += 1) {
    const pairs: Pair[] = []
    for await (const [key, value] of entries()) {
      const keyHash = keyHashOf(key)
      if (nibbleAt(keyHash, 0) !== nibble) continue
      pairs.push({ keyHash, entryHash: entryHashOf(keyHash, value) })
      bytes += key.byteLength + value.byteLength
    }
    if (pairs.length > 0) children.push({ nibble, hash: hashOf(nodeOf(sorted(pairs), 1)), count: pairs.length })
    count += pairs.length
  }
  // The whole is a leaf only where there are few, which the caller did not expect.
  return { root: rootOf({ kind: 'inner', children }), entries: count, bytes }
}

function pairOf(key: Bytes, value: Bytes): Pair {
  const keyHash = keyHashOf(key)
  return { keyHash, entryHash: entryHashOf(keyHash, value) }
}

function sorted(pairs: Pair[]): Pair[] {
  return pairs.sort((a, b) => Buffer.compare(a.keyHash, b.keyHash))
}

/** `pairs` ascend. */
function nodeOf(pairs: readonly Pair[], depth: number): TrieNode {
  if (pairs.length === 0) return EMPTY_LEAF
  if (pairs.length <= LEAF_ENTRIES_MAX) {
    return {
      kind: 'leaf',
      keyHashes: concat(pairs.map(({ keyHash }) => keyHash)),
      entryHashes: concat(pairs.map(({ entryHash }) => entryHash)),
    }
  }
  const children: ChildRef[] = []
  for (let from = 0; from < pairs.length; ) {
    const nibble = nibbleOf(pairs[from], depth)
    let end = from + 1
    while (end < pairs.length && nibbleOf(pairs[end], depth) === nibble) end += 1
    children.push({ nibble, hash: hashOf(nodeOf(pairs.slice(from, end), depth + 1)), count: end - from })
    from = end
  }
  return { kind: 'inner', children }
}

function nibbleOf(pair: Pair | undefined, depth: number): number {
  return pair === undefined ? -1 : nibbleAt(pair.keyHash, depth)
}
