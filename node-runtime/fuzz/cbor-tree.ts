// CBOR as a tree that can be wrong: what is read can be written back with lengths that lie, heads that are too wide, keys
// twice. Strict about nothing but the end of the bytes.
import type { Bytes } from '../src/base/bytes.ts'

export const MAJOR = { uint: 0, negative: 1, bytes: 2, text: 3, list: 4, map: 5, tag: 6, simple: 7 } as const

export interface CborNode {
  major: number
  /** The argument of the head: value, length or count. Of lists and maps it is what is declared. */
  value: number | bigint
  /** Bytes of the argument when they are not the fewest: 1, 2, 4 or 8. */
  width: number
  /** Written without a length, ended by a break. */
  indefinite: boolean
  payload: Bytes
  /** Of a map: keys and values in turn. */
  children: CborNode[]
}

export function cborNode(major: number, value: number | bigint = 0, children: CborNode[] = []): CborNode {
  return { major, value, width: 0, indefinite: false, payload: new Uint8Array(0), children }
}

export function bytesNode(payload: Bytes, major: number = MAJOR.bytes): CborNode {
  return { ...cborNode(major, payload.byteLength), payload }
}

const DEPTH_MAX = 40

/** Undefined for bytes that are not one item of definite lengths. */
export function readTree(bytes: Bytes): CborNode | undefined {
  const cursor = { at: 0 }
  const root = readNode(bytes, cursor, 0)
  return root !== undefined && cursor.at === bytes.byteLength ? root : undefined
}

function readNode(bytes: Bytes, cursor: { at: number }, depth: number): CborNode | undefined {
  const first = bytes[cursor.at]
  if (first === undefined || depth > DEPTH_MAX) return undefined
  cursor.at += 1
  const value = readArgument(bytes, cursor, first & 31)
  if (value === undefined) return undefined
  const node = cborNode(first >> 5, value)
  if (node.major === MAJOR.bytes || node.major === MAJOR.text) {
    const end = cursor.at + Number(value)
    if (end > bytes.byteLength) return undefined
    node.payload = bytes.subarray(cursor.at, end)
    cursor.at = end
    return node
  }
  const count = node.major === MAJOR.list ? Number(value) : node.major === MAJOR.map ? 2 * Number(value) : 0
  if (count > bytes.byteLength) return undefined
  for (let left = count; left > 0; left -= 1) {
    const child = readNode(bytes, cursor, depth + 1)
    if (child === undefined) return undefined
    node.children.push(child)
  }
  return node
}

function readArgument(bytes: Bytes, cursor: { at: number }, minor: number): number | bigint | undefined {
  if (minor < 24) return minor
  const width = 1 << (minor - 24)
  if (minor > 27 || cursor.at + width > bytes.byteLength) return undefined
  let value = 0n
  for (let left = width; left > 0; left -= 1) {
    value = value * 256n + BigInt(bytes[cursor.at] ?? 0)
    cursor.at += 1
  }
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
}

export function writeTree(root: CborNode): Bytes {
  const out: Bytes[] = []
  writeNode(root, out)
  return Buffer.concat(out)
}

function writeNode(node: CborNode, out: Bytes[]): void {
  const { major, value, indefinite } = node
  out.push(indefinite ? Uint8Array.of((major << 5) | 31) : head(major, value, node.width))
  if (major === MAJOR.bytes || major === MAJOR.text) {
    if (indefinite) out.push(head(major, node.payload.byteLength, 0))
    out.push(node.payload)
  }
  for (const child of node.children) writeNode(child, out)
  if (indefinite) out.push(Uint8Array.of(0xff))
}

function head(major: number, value: number | bigint, widthMin: number): Bytes {
  const argument = BigInt(value)
  const needed = argument < 24n ? 0 : argument < 256n ? 1 : argument < 65_536n ? 2 : argument < 1n << 32n ? 4 : 8
  const width = Math.max(widthMin, needed)
  if (width === 0) return Uint8Array.of((major << 5) | Number(argument))
  const out = Buffer.alloc(1 + width)
  out[0] = (major << 5) | (24 + Math.log2(width))
  for (let at = width, rest = argument; at > 0; at -= 1, rest >>= 8n) out[at] = Number(rest & 0xffn)
  return out
}

/** Payloads are shared: they are replaced, never changed. */
export function copyOf(node: CborNode): CborNode {
  return { ...node, children: node.children.map(copyOf) }
}

/** Every node below, the root included, with the node above it. */
export function nodesOf(root: CborNode): { node: CborNode; above: CborNode | undefined }[] {
  const found: { node: CborNode; above: CborNode | undefined }[] = [{ node: root, above: undefined }]
  for (let at = 0; at < found.length; at += 1) {
    const entry = found[at]
    if (entry === undefined) continue
    for (const node of entry.node.children) found.push({ node, above: entry.node })
  }
  return found
}

/** After a child came or went: the declared count says how many there are. */
export function recount(node: CborNode): void {
  node.value = node.major === MAJOR.map ? Math.floor(node.children.length / 2) : node.children.length
}
