// One node of the set's Merkle trie over the digits of the keys, and its bytes. A subtree of at most BUCKET_MAX keys is
// one bucket, a larger one branches where its keys first differ: so shape and fingerprint depend on the keys alone.
import { type Bytes, concat, fromHex, toHex } from '../base/bytes.ts'
import { taggedHash } from '../base/hash.ts'
import { ReconcileError } from './errors.ts'
import { type Bound, type ItemKey, isAscending, KEY_DIGITS, KEY_LENGTH, packKeys, unpackKeys } from './item-key.ts'

/** Part of the definition of a fingerprint: changing it changes every one. */
export const BUCKET_MAX = 32
export const FINGERPRINT_LENGTH = 32

const BUCKET = 0
const BRANCH = 1
const CHILD_LENGTH = 1 + 4 + FINGERPRINT_LENGTH
const BRANCH_HEAD = 2

export interface Bucket {
  readonly kind: 'bucket'
  /** Ascending. */
  readonly keys: readonly ItemKey[]
}

export interface ChildRef {
  /** The digit at which the keys below differ from those of the other children. */
  readonly digit: string
  readonly count: number
  readonly fingerprint: Bytes
}

/** Two children or more, ascending, with more than BUCKET_MAX keys below. */
export interface Branch {
  readonly kind: 'branch'
  /** What all keys below begin with. */
  readonly prefix: Bound
  readonly children: readonly ChildRef[]
}

export type SetNode = Bucket | Branch

/** Reads a stored node: the one below the edge `path`, '' for the root. Undefined where there is none. */
export type LoadNode = (path: Bound) => SetNode | undefined

export const EMPTY: Bucket = { kind: 'bucket', keys: [] }

export function countOf(node: SetNode): number {
  return node.kind === 'bucket' ? node.keys.length : node.children.reduce((sum, { count }) => sum + count, 0)
}

/** A changed bucket is hashed and then stored, both as these bytes. */
const packedKeys = new WeakMap<Bucket, Bytes>()

function packed(bucket: Bucket): Bytes {
  const known = packedKeys.get(bucket)
  if (known !== undefined) return known
  const bytes = packKeys(bucket.keys)
  packedKeys.set(bucket, bytes)
  return bytes
}

export function fingerprintOf(node: SetNode): Bytes {
  if (node.kind === 'bucket') return taggedHash('calbox/set-bucket/1', packed(node))
  return branchFingerprint(node.prefix.length, node.children)
}

/** Binds where the children part, which ones there are, and by their fingerprints all keys. */
export function branchFingerprint(depth: number, children: readonly Omit<ChildRef, 'count'>[]): Bytes {
  const input = new Uint8Array(1 + children.length * (1 + FINGERPRINT_LENGTH))
  input[0] = depth
  children.forEach(({ digit, fingerprint }, index) => {
    const at = 1 + index * (1 + FINGERPRINT_LENGTH)
    input[at] = Number.parseInt(digit, 16)
    input.set(fingerprint, at + 1)
  })
  return taggedHash('calbox/set-branch/1', input)
}

export function encodeNode(node: SetNode): Bytes {
  if (node.kind === 'bucket') return concat([Uint8Array.of(BUCKET), packed(node)])
  const prefix = fromHex(node.prefix.length % 2 === 0 ? node.prefix : `${node.prefix}0`)
  const out = Buffer.alloc(BRANCH_HEAD + prefix.byteLength + node.children.length * CHILD_LENGTH)
  out[0] = BRANCH
  out[1] = node.prefix.length
  out.set(prefix, BRANCH_HEAD)
  node.children.forEach(({ digit, count, fingerprint }, index) => {
    const at = BRANCH_HEAD + prefix.byteLength + index * CHILD_LENGTH
    out[at] = Number.parseInt(digit, 16)
    out.writeUInt32BE(count, at + 1)
    out.set(fingerprint, at + 5)
  })
  return out
}

/** Throws ReconcileError SET_DAMAGED. */
export function decodeNode(bytes: Bytes): SetNode {
  if (bytes[0] === BUCKET && (bytes.byteLength - 1) % KEY_LENGTH === 0) return decodeBucket(bytes)
  if (bytes[0] === BRANCH && bytes.byteLength > BRANCH_HEAD) return decodeBranch(bytes)
  throw damaged()
}

function decodeBucket(bytes: Bytes): Bucket {
  const keys = unpackKeys(bytes.subarray(1))
  if (keys.length > BUCKET_MAX || !isAscending(keys)) throw damaged()
  return { kind: 'bucket', keys }
}

function decodeBranch(bytes: Bytes): Branch {
  const depth = bytes[1] ?? 0
  const start = BRANCH_HEAD + Math.ceil(depth / 2)
  if (depth >= KEY_DIGITS || bytes.byteLength < start + 2 * CHILD_LENGTH) throw damaged()
  if ((bytes.byteLength - start) % CHILD_LENGTH !== 0) throw damaged()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const children: ChildRef[] = []
  for (let at = start; at < bytes.byteLength; at += CHILD_LENGTH) {
    const fingerprint = bytes.subarray(at + 5, at + CHILD_LENGTH)
    children.push({ digit: (bytes[at] ?? 0).toString(16), count: view.getUint32(at + 1), fingerprint })
  }
  if (!isAscending(children.map(({ digit }) => digit)) || children.some(({ digit }) => digit.length > 1))
    throw damaged()
  const digits = toHex(bytes.subarray(BRANCH_HEAD, start))
  // Half a byte is left of an odd number of digits, and it says nothing.
  if (/[^0]/.test(digits.slice(depth))) throw damaged()
  return { kind: 'branch', prefix: digits.slice(0, depth), children }
}

function damaged(): ReconcileError {
  const advice = 'the data directory is damaged: stop the node and start it on a fresh directory'
  return new ReconcileError('SET_DAMAGED', `a stored node of the set of held ids does not decode; ${advice}`)
}
