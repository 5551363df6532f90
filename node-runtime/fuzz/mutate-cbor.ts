// Changes of CBOR that keep most of it readable: one place is wrong, the rest leads there.
import type { Bytes } from '../src/base/bytes.ts'
import type { SeededRandom } from '../src/crdt/properties/seeded-random.ts'
import {
  bytesNode,
  type CborNode,
  cborNode,
  copyOf,
  MAJOR,
  nodesOf,
  readTree,
  recount,
  writeTree,
} from './cbor-tree.ts'
import { mutateBytes } from './mutate-bytes.ts'

interface Place {
  readonly node: CborNode
  readonly above: CborNode | undefined
  readonly random: SeededRandom
  /** Another input, to take parts of. */
  readonly other: CborNode | undefined
}

const NUMBERS: readonly (number | bigint)[] = [
  0,
  1,
  23,
  24,
  31,
  32,
  33,
  40,
  63,
  64,
  65,
  255,
  256,
  257,
  1024,
  1025,
  4096,
  4097,
  65_535,
  65_536,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 40 + 1,
  Number.MAX_SAFE_INTEGER,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
]
const LENGTHS = [0, 1, 31, 32, 33, 39, 40, 41, 63, 64, 65, 80, 256, 257, 1024, 1025, 10_241]
const TEXTS = ['', 't', 'kind', '__proto__', 'constructor', 'é', '\u0000', 'Admin', 'open', 'x'.repeat(300)]
const NESTINGS = [1, 2, 14, 15, 16, 17, 60, 2000]

/** A changed copy. Falls back to plain bytes where the input is no CBOR. */
export function mutateCbor(input: Bytes, other: Bytes, random: SeededRandom): Bytes {
  const root = readTree(input)
  if (root === undefined) return mutateBytes(input, other, random)
  const found = nodesOf(root)
  const { node, above } = random.pick(found)
  // Messages inside of messages are where most of the reading is.
  const inner = isMessage(node) ? node : random.oneIn(3) ? found.map((entry) => entry.node).find(isMessage) : undefined
  if (inner !== undefined && !random.oneIn(6)) {
    setPayload(inner, mutateCbor(inner.payload, other, random))
    return writeTree(root)
  }
  const foreign = random.oneIn(4) ? readTree(other) : undefined
  random.pick(CHANGES)({ node, above, random, other: foreign })
  return writeTree(root)
}

function isMessage({ major, payload }: CborNode): boolean {
  return major === MAJOR.bytes && payload.byteLength > 8 && payload[0] === 0x82
}

const CHANGES: readonly ((place: Place) => void)[] = [
  anotherValue,
  anotherValue,
  anotherNumber,
  anotherNumber,
  anotherLength,
  anotherLength,
  takeAway,
  doubled,
  exchanged,
  foreignPart,
  broken,
]

/** No longer what the format allows at all. */
const BREAKS: readonly ((place: Place) => void)[] = [
  ({ node, random }) => {
    node.major = random.below(8)
  },
  ({ node, random }) => {
    // A length that the bytes do not have.
    node.value = random.pick(NUMBERS)
  },
  ({ node, random }) => {
    node.width = random.pick([1, 2, 4, 8])
  },
  ({ node }) => {
    node.indefinite = true
  },
  ({ node, random }) => {
    const core = { ...node }
    let outer = core
    for (let left = random.pick(NESTINGS); left > 0; left -= 1) outer = cborNode(MAJOR.list, 1, [outer])
    Object.assign(node, outer)
  },
]

function broken(place: Place): void {
  place.random.pick(BREAKS)(place)
}

function anotherValue({ node, random }: Place): void {
  const choices: readonly (() => CborNode)[] = [
    () => cborNode(MAJOR.uint, random.pick(NUMBERS)),
    () => cborNode(MAJOR.negative, random.pick(NUMBERS)),
    () => cborNode(MAJOR.simple, random.pick([20, 21, 22, 23, 24, 25, 31])),
    () => bytesNode(noise(random.pick(LENGTHS), random)),
    () => bytesNode(Buffer.from(random.pick(TEXTS)), MAJOR.text),
    () => bytesNode(noise(random.below(8), random), MAJOR.text),
    () => cborNode(MAJOR.list),
    () => cborNode(MAJOR.map),
    () => cborNode(MAJOR.map, 1, [bytesNode(Buffer.from(random.pick(TEXTS)), MAJOR.text), cborNode(MAJOR.uint, 1)]),
    () => cborNode(MAJOR.list, 2, [cborNode(MAJOR.simple, 22), cborNode(MAJOR.simple, 22)]),
    () => cborNode(MAJOR.tag, 42),
  ]
  Object.assign(node, random.pick(choices)())
}

function anotherNumber({ node, random }: Place): void {
  if (node.major === MAJOR.bytes || node.major === MAJOR.text) {
    const payload = Buffer.from(node.payload)
    if (payload.byteLength === 0) return
    const at = random.below(payload.byteLength)
    payload[at] = random.oneIn(2) ? (payload[at] ?? 0) ^ (1 << random.below(8)) : random.below(256)
    node.payload = payload
    return
  }
  if (node.major !== MAJOR.uint) return
  const value = BigInt(node.value)
  const near = random.oneIn(2) ? value + 1n : value > 0n ? value - 1n : 0n
  node.value = random.oneIn(2) ? random.pick(NUMBERS) : near < 1n << 64n ? near : 0n
}

function anotherLength({ node, random }: Place): void {
  if (node.major !== MAJOR.bytes && node.major !== MAJOR.text) return
  const length = random.oneIn(3) ? random.pick(LENGTHS) : Math.max(0, node.payload.byteLength - 2 + random.below(5))
  const payload = Buffer.alloc(length, 0x61)
  payload.set(node.payload.subarray(0, length))
  setPayload(node, payload)
}

/** A child, of a map with its key; the count says so, mostly. */
function takeAway({ node, random }: Place): void {
  const step = node.major === MAJOR.map ? 2 : 1
  if (node.children.length < step) return
  node.children.splice(step * random.below(node.children.length / step), step)
  if (!random.oneIn(5)) recount(node)
}

function doubled({ node, random }: Place): void {
  const step = node.major === MAJOR.map ? 2 : 1
  if (node.children.length < step) return
  const from = step * random.below(node.children.length / step)
  const copies = random.oneIn(8) ? random.pick([16, 64, 65, 256, 257, 1025]) : 1
  const part = node.children.slice(from, from + step)
  const added = Array.from({ length: copies }, () => part.map(copyOf)).flat()
  node.children.splice(from, 0, ...added)
  if (!random.oneIn(5)) recount(node)
}

function exchanged({ node, random }: Place): void {
  const step = node.major === MAJOR.map ? 2 : 1
  const count = Math.floor(node.children.length / step)
  if (count < 2) return
  const from = step * random.below(count)
  const part = node.children.splice(from, step)
  node.children.splice(step * random.below(count), 0, ...part)
}

function foreignPart({ node, random, other }: Place): void {
  if (other === undefined) return
  const parts = nodesOf(other).map((entry) => entry.node)
  const alike = parts.filter((part) => part.major === node.major)
  Object.assign(node, copyOf(random.pick(alike.length > 0 && !random.oneIn(3) ? alike : parts)))
}

function setPayload(node: CborNode, payload: Bytes): void {
  node.payload = payload
  node.value = payload.byteLength
}

function noise(length: number, random: SeededRandom): Bytes {
  const out = new Uint8Array(length)
  const byte = random.below(256)
  for (let at = 0; at < length; at += 1) out[at] = random.oneIn(4) ? random.below(256) : byte
  return out
}
