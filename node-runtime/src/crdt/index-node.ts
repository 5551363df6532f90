// One node of the element index and its bytes.
import type { Bytes } from '../base/bytes.ts'
import { ByteReader, ByteWriter, corruptState } from './codec.ts'

/** Part of the state's format: replicas must agree on it. */
export const BUCKET_KEYS_MAX = 32

/** Ascending, at least one. */
export interface Bucket {
  readonly kind: 'bucket'
  readonly keys: readonly Bytes[]
}

/** More than BUCKET_KEYS_MAX keys that share exactly the first `length` nibbles of `path`. */
export interface Inner {
  readonly kind: 'inner'
  /** Its first `length` nibbles count, whatever follows. */
  readonly path: Bytes
  readonly length: number
  /** The shared path is itself a key. */
  readonly own: boolean
  /** Bit n: there are keys whose next nibble is n. */
  readonly children: number
}

export type IndexNode = Bucket | Inner

const BUCKET = 0
const INNER = 1
const INNER_OWN = 2
const NUMBER_MAX = 0xffff_ffff

export function nibbleAt(key: Bytes, at: number): number {
  const byte = key[at >>> 1] ?? 0
  return at % 2 === 0 ? byte >>> 4 : byte & 15
}

export function encodeNode(node: IndexNode): Bytes {
  const out = new ByteWriter()
  if (node.kind === 'bucket') {
    out.byte(BUCKET)
    for (const key of node.keys) out.bytes(key)
    return out.finish()
  }
  out.byte(node.own ? INNER_OWN : INNER)
  out.byte(node.children >>> 8)
  out.byte(node.children & 0xff)
  out.varint(node.length)
  const path = new Uint8Array(node.path.subarray(0, Math.ceil(node.length / 2)))
  if (node.length % 2 === 1) path[path.length - 1] = (path.at(-1) ?? 0) & 0xf0
  out.fixed(path)
  return out.finish()
}

/** Throws CrdtError CRDT_STATE_CORRUPT. */
export function decodeNode(bytes: Bytes): IndexNode {
  const input = new ByteReader(bytes, corruptState)
  const kind = input.byte()
  if (kind === BUCKET) {
    const keys: Bytes[] = []
    while (!input.done) keys.push(input.bytes(NUMBER_MAX))
    return { kind: 'bucket', keys }
  }
  if (kind !== INNER && kind !== INNER_OWN) throw corruptState('unknown kind of index node')
  const children = (input.byte() << 8) | input.byte()
  const length = input.varint(NUMBER_MAX)
  const path = input.fixed(Math.ceil(length / 2))
  input.end()
  // Half a byte that does not count would make two records of one node.
  if (length % 2 === 1 && ((path.at(-1) ?? 0) & 15) !== 0) throw corruptState('half a nibble too many')
  return { kind: 'inner', path, length, own: kind === INNER_OWN, children }
}
