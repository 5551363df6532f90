// Names of sequence elements: stamp, then a hash over who inserted it after what. Nobody else can make the same name, and
// one author cannot give one name two places. Elements under one parent stand in descending order of their names.
import { type Bytes, u64be } from '../../base/bytes.ts'
import { taggedHash } from '../../base/hash.ts'

export const SEQUENCE_ID_LENGTH = 24

/** The parent of what stands at the beginning; no element has this name, because stamps are above zero. */
export const START: Bytes = new Uint8Array(SEQUENCE_ID_LENGTH)

const HASH_LENGTH = SEQUENCE_ID_LENGTH - 8
/** Boundaries that the hash can make: 32 · 64³ elements are more than a state can hold. */
export const HEIGHT_MAX = 4
/** One element in 32 begins a leaf, one in 64 of those an inner node, and so on. Part of the state's format. */
const LEAF_MASK = 31
const INNER_MASK = 63

export interface ElementOrigin {
  /** The sequence. */
  readonly sequence: Bytes
  readonly replica: Bytes
  readonly parent: Bytes
  /** Above the parent's, so that a name is larger than those of all its ancestors. */
  readonly stamp: bigint
}

export function sequenceId({ sequence, replica, parent, stamp }: ElementOrigin): Bytes {
  const out = new Uint8Array(SEQUENCE_ID_LENGTH)
  const head = u64be(stamp)
  out.set(head)
  out.set(taggedHash('calbox/sequence/1', sequence, replica, parent, head).subarray(0, HASH_LENGTH), 8)
  return out
}

export function stampOf(id: Bytes): bigint {
  return new DataView(id.buffer, id.byteOffset, id.byteLength).getBigUint64(0)
}

/** How many levels of nodes begin at the element. */
export function heightOf(id: Bytes): number {
  if (((id[8] ?? 1) & LEAF_MASK) !== 0) return 0
  let height = 1
  while (height < HEIGHT_MAX && ((id[8 + height] ?? 1) & INNER_MASK) === 0) height += 1
  return height
}
