// Changes of bytes of any format.
import { type Bytes, concat } from '../src/base/bytes.ts'
import type { SeededRandom } from '../src/crdt/properties/seeded-random.ts'
import { INPUT_BYTES_MAX } from './limits.ts'

type Change = (input: Bytes, other: Bytes, random: SeededRandom) => Bytes

const INTERESTING = [0, 1, 2, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 127, 128, 129, 191, 192, 254, 255]
const WIDE = [0n, 1n, 0x7fn, 0xffn, 0x100n, 0x7fffn, 0xffffn, 0x7fff_ffffn, 0xffff_ffffn, 2n ** 53n, 2n ** 64n - 1n]
const DICTIONARY: readonly Bytes[] = [
  Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f),
  Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x00),
  Uint8Array.of(0x80, 0x00),
  Uint8Array.of(0xff, 0xff, 0xff, 0x7f),
  Uint8Array.of(0xc3, 0x28),
  Uint8Array.of(0xef, 0xbb, 0xbf),
  Uint8Array.of(0xed, 0xa0, 0x80),
  new Uint8Array(8),
  new Uint8Array(8).fill(0xff),
  new Uint8Array(32),
  Buffer.from('__proto__'),
  Buffer.from('constructor'),
]

export const changesOfBytes: readonly Change[] = [
  // A bit.
  (input, _, random) => with1(input, random.below(input.byteLength), (byte) => byte ^ (1 << random.below(8))),
  (input, _, random) => with1(input, random.below(input.byteLength), () => random.pick(INTERESTING)),
  (input, _, random) => with1(input, random.below(input.byteLength), (byte) => byte + (random.oneIn(2) ? 1 : 255)),
  // The beginning is where kinds and lengths are.
  (input, _, random) =>
    with1(input, random.below(Math.min(input.byteLength, 4)), (byte) =>
      random.oneIn(2) ? random.below(256) : byte ^ (1 << random.below(8)),
    ),
  (input, _, random) => input.subarray(0, random.below(input.byteLength)),
  (input, _, random) => input.subarray(random.below(input.byteLength)),
  removed,
  repeated,
  inserted,
  (input, _, random) => overwritten(input, random.below(input.byteLength), wide(random)),
  (input, _, random) => overwritten(input, random.below(input.byteLength), random.pick(DICTIONARY)),
  spliced,
  crossed,
  moved,
]

/** A changed copy, at most INPUT_BYTES_MAX long. */
export function mutateBytes(input: Bytes, other: Bytes, random: SeededRandom): Bytes {
  if (input.byteLength === 0) return other.byteLength > 0 ? other.subarray(0, 1) : random.pick(DICTIONARY)
  return random.pick(changesOfBytes)(input, other, random).subarray(0, INPUT_BYTES_MAX)
}

function with1(input: Bytes, at: number, change: (byte: number) => number): Bytes {
  const out = Buffer.from(input)
  out[at] = change(out[at] ?? 0) & 0xff
  return out
}

/** Mostly as long as parts of records are. */
function lengthOf(input: Bytes, random: SeededRandom): number {
  const length = random.oneIn(2) ? random.pick([1, 2, 4, 8, 16, 24, 32, 36, 40]) : 1 + random.below(input.byteLength)
  return Math.min(length, input.byteLength)
}

function removed(input: Bytes, _: Bytes, random: SeededRandom): Bytes {
  const length = lengthOf(input, random)
  const from = random.below(input.byteLength - length + 1)
  return concat([input.subarray(0, from), input.subarray(from + length)])
}

function repeated(input: Bytes, _: Bytes, random: SeededRandom): Bytes {
  const length = lengthOf(input, random)
  const from = random.below(input.byteLength - length + 1)
  const part = input.subarray(from, from + length)
  const times = random.oneIn(6) ? 1 + random.below(80) : 1
  return concat([input.subarray(0, from), ...Array.from({ length: times }, () => part), input.subarray(from)])
}

function inserted(input: Bytes, _: Bytes, random: SeededRandom): Bytes {
  const at = random.below(input.byteLength + 1)
  const part = random.oneIn(2) ? random.pick(DICTIONARY) : Uint8Array.of(random.pick(INTERESTING))
  return concat([input.subarray(0, at), part, input.subarray(at)])
}

/** A piece of the other input over a piece of this one. */
function spliced(input: Bytes, other: Bytes, random: SeededRandom): Bytes {
  if (other.byteLength === 0) return input
  const length = lengthOf(other, random)
  const from = random.below(other.byteLength - length + 1)
  return overwritten(input, random.below(input.byteLength), other.subarray(from, from + length))
}

/** The beginning of this one, the end of the other. */
function crossed(input: Bytes, other: Bytes, random: SeededRandom): Bytes {
  return concat([
    input.subarray(0, random.below(input.byteLength + 1)),
    other.subarray(random.below(other.byteLength + 1)),
  ])
}

function moved(input: Bytes, _: Bytes, random: SeededRandom): Bytes {
  const length = lengthOf(input, random)
  const from = random.below(input.byteLength - length + 1)
  const rest = concat([input.subarray(0, from), input.subarray(from + length)])
  const to = random.below(rest.byteLength + 1)
  return concat([rest.subarray(0, to), input.subarray(from, from + length), rest.subarray(to)])
}

function wide(random: SeededRandom): Bytes {
  const out = Buffer.alloc(8)
  const value = random.pick(WIDE)
  if (random.oneIn(2)) out.writeBigUInt64BE(value)
  else out.writeBigUInt64LE(value)
  return random.oneIn(2) ? out : out.subarray(random.oneIn(2) ? 4 : 0).subarray(0, 4)
}

function overwritten(input: Bytes, at: number, part: Bytes): Bytes {
  const out = Buffer.from(input)
  out.set(part.subarray(0, out.byteLength - at), at)
  return out
}
