// The reader of CBOR, whatever it is that is read.
import { isDeepStrictEqual } from 'node:util'
import { decode, encode } from '@ipld/dag-cbor'
import { equalBytes } from '../../src/base/bytes.ts'
import { readCbor } from '../../src/wire/cbor-reader.ts'
import { writeCbor } from '../../src/wire/cbor-writer.ts'
import { encodeGossip } from '../../src/wire/gossip.ts'
import { gossips, plain } from '../../src/wire/messages.fixture.ts'
import type { Target } from '../target.ts'
import { WIRE } from './codec-target.ts'

const ROW_LIMITS = { depthMax: 16, itemsMax: 100_000, fractions: true }

/** The library drops a byte order mark at the begin of a text; our reader keeps it, as whoever wrote it meant it. */
function withoutMarks(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/^\uFEFF/, '')
  if (Array.isArray(value)) return value.map(withoutMarks)
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [withoutMarks(key), withoutMarks(each)]))
}

/** The reader beneath all messages and rows, against the library whose format it reads. */
export const cborTarget: Target = {
  name: 'cbor',
  decoders: ['wire/cbor-reader.ts#readCbor'],
  codes: WIRE,
  format: 'cbor',
  seeds: [
    ...gossips.map(encodeGossip),
    encode({ a: 1, b: [true, false, null, -0.5, 1.5], cc: { text: 'é', long: 'x'.repeat(40) }, n: 2n ** 64n - 1n }),
  ],
  run(input) {
    const value = readCbor(input, ROW_LIMITS)
    if (!equalBytes(encode(value), input)) throw new Error('another byte form of its value was read')
    if (!isDeepStrictEqual(withoutMarks(plain(decode(input))), withoutMarks(plain(value))))
      throw new Error('it is read as another value')
    return writeCbor(value)
  },
}
