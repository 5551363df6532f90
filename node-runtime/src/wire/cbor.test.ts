import { decode, encode } from '@ipld/dag-cbor'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex } from '../base/bytes.ts'
import { atOnce } from '../base/pieces.ts'
import { readCbor, readListsInPieces } from './cbor-reader.ts'
import { writeCbor, writeListsInPieces } from './cbor-writer.ts'
import { WireError } from './errors.ts'

const LIMITS = { depthMax: 8, itemsMax: 1000, fractions: true }

const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 20 }))
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ maxDepth: 4 }, leaf(), fc.array(tie('tree'), { maxLength: 5 }), record(tie('tree'))),
}))

function leaf(): fc.Arbitrary<unknown> {
  return fc.oneof(
    fc.constantFrom(null, true, false, 0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
    fc.maxSafeNat(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).filter((number) => !Number.isInteger(number)),
    fc.uint8Array({ maxLength: 300 }),
    text,
  )
}

function record(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.dictionary(
    text.filter((name) => name !== '__proto__'),
    value,
    { maxKeys: 6, noNullPrototype: true },
  )
}

describe('CBOR', () => {
  test('lists have the same bytes, and are read the same, in pieces', () => {
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 8 }), fc.integer({ min: 1, max: 4 }), (value, piece) => {
        const bytes = atOnce(writeListsInPieces(value, piece))
        expect(Buffer.compare(bytes, writeCbor(value))).toBe(0)
        expect(atOnce(readListsInPieces(bytes, LIMITS, piece))).toEqual(readCbor(bytes, LIMITS))
      }),
    )
  })

  test('what is no value is none in pieces either', () => {
    const outcome = (read: () => unknown) => {
      try {
        return read()
      } catch (error) {
        if (!(error instanceof WireError)) throw error
        return error.message
      }
    }
    const limits = { depthMax: 2, itemsMax: 6 }
    fc.assert(
      fc.property(
        fc.oneof(fc.array(tree, { maxLength: 4 }).map(writeCbor), fc.uint8Array({ maxLength: 8 })),
        (bytes) => {
          for (const end of [bytes.length, bytes.length - 1]) {
            const part = bytes.subarray(0, Math.max(0, end))
            const pieced = outcome(() => atOnce(readListsInPieces(part, limits, 2)))
            expect(pieced).toEqual(outcome(() => readCbor(part, limits)))
          }
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('a value has the bytes that DAG-CBOR gives it, and is read from them', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const bytes = writeCbor(value)
        expect(Buffer.from(bytes).toString('hex')).toBe(Buffer.from(encode(value)).toString('hex'))
        expect(readCbor(bytes, LIMITS)).toEqual(decode(bytes))
      }),
      { numRuns: 500 },
    )
  })

  test('whatever is read is written as the same bytes', () => {
    const near = fc.tuple(tree, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
      const bytes = new Uint8Array(encode(value))
      bytes[at % bytes.byteLength] = byte
      return bytes
    })
    fc.assert(
      fc.property(near, (bytes) => {
        try {
          const value = readCbor(bytes, LIMITS)
          expect(Buffer.from(writeCbor(value)).toString('hex')).toBe(Buffer.from(bytes).toString('hex'))
        } catch (error) {
          expect(error).toBeInstanceOf(WireError)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('a value larger than the buffer that is kept is written whole, and the next one is not touched by it', () => {
    const large = [new Uint8Array(200_000).fill(7), 'x'.repeat(100_000), { a: 1 }]
    expect(decode(writeCbor(large))).toEqual(large)
    expect(Buffer.from(writeCbor([1])).toString('hex')).toBe('8101')
  })

  test('a count that the bytes cannot hold is refused before anything is built', () => {
    for (const hex of ['9bffffffffffffffff00', 'bb0000001fffffffff00', '9affffffff', 'bf', '9f']) {
      expect(() => readCbor(fromHex(hex), LIMITS)).toThrow(WireError)
    }
  })

  test('a field named as a prototype is refused', () => {
    expect(() => readCbor(fromHex('a1695f5f70726f746f5f5fa0'), LIMITS)).toThrow(WireError)
  })

  test('fractions are read where they are asked for only', () => {
    const half = writeCbor(0.5)
    expect(readCbor(half, LIMITS)).toBe(0.5)
    expect(() => readCbor(half, { depthMax: 1, itemsMax: 1 })).toThrow(WireError)
  })
})
