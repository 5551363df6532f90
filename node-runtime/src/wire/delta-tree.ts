// One signature for the deltas of one batch: over the root of a tree of hashes above their ids. Each delta carries its path
// to that root, so it is genuine by itself, whoever passes it on, and of one batch only the first costs a signature.
import { type Bytes, concat } from '../base/bytes.ts'
import { assert } from '../base/errors.ts'
import { taggedHash } from '../base/hash.ts'
import { type DeltaId, ID_LENGTH, idBytes } from '../base/ids.ts'
import { TREE_DEPTH_MAX } from './limits.ts'

/** Stands where the last row has no delta. */
const NOTHING = new Uint8Array(ID_LENGTH)

export interface DeltaTree {
  /** What is signed. */
  readonly root: Bytes
  /** Of each id: its index, then the hash beside each node from the leaf up. */
  readonly paths: readonly Bytes[]
}

/** Of at least two ids, and at most 2 ** TREE_DEPTH_MAX. */
export function treeOf(ids: readonly DeltaId[]): DeltaTree {
  assert(ids.length > 1 && ids.length <= 2 ** TREE_DEPTH_MAX, 'a tree is above two ids and more, and not too many')
  let row: Bytes[] = ids.map(leafOf)
  const beside: Bytes[][] = ids.map(() => [])
  for (let depth = 0; row.length > 1; depth += 1) {
    if (row.length % 2 === 1) row.push(NOTHING)
    for (const [index, hashes] of beside.entries()) hashes.push(row[(index >> depth) ^ 1] ?? NOTHING)
    const above: Bytes[] = []
    for (let at = 0; at < row.length; at += 2) above.push(nodeOf(row[at] ?? NOTHING, row[at + 1] ?? NOTHING))
    row = above
  }
  const paths = beside.map((hashes, index) => concat([Uint8Array.of(index), ...hashes]))
  return { root: rootOf(row[0] ?? NOTHING), paths }
}

/** True for what `treeOf` makes: the index is within the tree, and no hash is missing. */
export function isPath(path: Bytes): boolean {
  const depth = (path.byteLength - 1) / ID_LENGTH
  return Number.isInteger(depth) && depth >= 1 && depth <= TREE_DEPTH_MAX && (path[0] ?? 0) < 2 ** depth
}

/** The root that the path of an id leads to. */
export function rootOver(id: DeltaId, path: Bytes): Bytes {
  let hash = leafOf(id)
  let index = path[0] ?? 0
  for (let at = 1; at < path.byteLength; at += ID_LENGTH) {
    const other = path.subarray(at, at + ID_LENGTH)
    hash = index % 2 === 0 ? nodeOf(hash, other) : nodeOf(other, hash)
    index >>= 1
  }
  return rootOf(hash)
}

function leafOf(id: DeltaId): Bytes {
  return taggedHash('calbox/delta-leaf/1', idBytes(id))
}

function nodeOf(left: Bytes, right: Bytes): Bytes {
  return taggedHash('calbox/delta-node/1', left, right)
}

function rootOf(top: Bytes): Bytes {
  return taggedHash('calbox/delta-root/1', top)
}
