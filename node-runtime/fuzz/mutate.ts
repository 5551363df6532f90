// One input from the corpus, changed a few times.
import type { Bytes } from '../src/base/bytes.ts'
import type { SeededRandom } from '../src/crdt/properties/seeded-random.ts'
import { MAJOR, nodesOf, readTree, recount, writeTree } from './cbor-tree.ts'
import { AMPLIFIED_BYTES_MAX, INPUT_BYTES_MAX, MUTATIONS_MAX } from './limits.ts'
import { mutateBytes } from './mutate-bytes.ts'
import { mutateCbor } from './mutate-cbor.ts'
import { mutateText } from './mutate-text.ts'
import type { Format } from './target.ts'

const MUTATORS: Readonly<Record<Format, typeof mutateBytes>> = {
  cbor: mutateCbor,
  binary: mutateBytes,
  text: mutateText,
}

export function mutate(corpus: readonly Bytes[], format: Format, random: SeededRandom): Bytes {
  let input = random.pick(corpus)
  const times = random.oneIn(3) ? 1 + random.below(MUTATIONS_MAX) : 1
  for (let left = times; left > 0; left -= 1) {
    const mutator = random.oneIn(6) ? mutateBytes : MUTATORS[format]
    input = mutator(input, random.pick(corpus), random).subarray(0, INPUT_BYTES_MAX)
  }
  return input
}

/** The same again and again, up to 128 KiB: what costs more than its length shows in it. */
export function amplify(corpus: readonly Bytes[], format: Format, random: SeededRandom): Bytes {
  const input = random.pick(corpus)
  const root = format === 'cbor' ? readTree(input) : undefined
  const lists = root === undefined ? [] : nodesOf(root).filter(({ node }) => node.children.length > 0)
  if (root === undefined || lists.length === 0 || random.oneIn(4)) return repeatedPart(input, random)
  const { node } = random.pick(lists)
  const step = node.major === MAJOR.map ? 2 : 1
  const from = step * random.below(node.children.length / step)
  const part = node.children.slice(from, from + step)
  const bytes = Math.max(1, writeTree({ ...node, children: part, value: 1 }).byteLength)
  const times = Math.floor((1 + random.below(AMPLIFIED_BYTES_MAX)) / bytes)
  const added = Array.from({ length: times }, () => part).flat()
  node.children = [...node.children.slice(0, from), ...added, ...node.children.slice(from)]
  recount(node)
  return writeTree(root)
}

function repeatedPart(input: Bytes, random: SeededRandom): Bytes {
  const size = 1 + random.below(AMPLIFIED_BYTES_MAX)
  const from = random.below(input.byteLength)
  const length = 1 + random.below(Math.min(64, input.byteLength - from))
  const out = Buffer.alloc(size + input.byteLength)
  out.set(input.subarray(0, from))
  const end = from + size
  out.fill(input.subarray(from, from + length), from, end)
  out.set(input.subarray(from), end)
  return out
}
