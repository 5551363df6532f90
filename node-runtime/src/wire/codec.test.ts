import { encode as cborEncode } from '@ipld/dag-cbor'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Bytes, concat, equalBytes, fromHex, utf8 } from '../base/bytes.ts'
import { type DeltaId, idBytes } from '../base/ids.ts'
import { KeyError } from '../base/keys.ts'
import { type Codec, message } from './codec.ts'
import { decodeDelta, encodeDelta, openDelta, sealDelta, verifyDelta } from './delta.ts'
import { WireError, type WireErrorCode } from './errors.ts'
import { decodeGossip, encodeGossip, verifyHeads } from './gossip.ts'
import { encodeInvitationBody, verifyInvitation } from './invitation.ts'
import { DEPTH_MAX, EVENTS_MAX, OP_BYTES_MAX, PARENTS_MAX } from './limits.ts'
import { alice, bob, bytesOf, delta, gossips, groupKey, idOf, ops, payload } from './messages.fixture.ts'
import { decodeOp, encodeOp, signOp, verifyOp } from './op.ts'
import { bytes, id, idSet, idTable, list, record, text, u64, uint } from './shape.ts'

const seeded = { bytes: (length: number) => new Uint8Array(length).fill(3), float: () => 0 }
const { contextId, author, parents, hlc, governance, keyId } = delta
const header = { contextId, author, parents, hlc, governance, keyId }

function codeOf(run: () => unknown): WireErrorCode | 'none' {
  try {
    run()
  } catch (error) {
    if (error instanceof WireError) return error.code
    throw error
  }
  return 'none'
}

const decoders: readonly [string, (data: Bytes) => unknown][] = [
  ['delta', decodeDelta],
  ['op', decodeOp],
  ['gossip', decodeGossip],
]
const encoded: readonly Bytes[] = [
  encodeDelta(delta),
  ...ops.map((op) => encodeOp(op)),
  ...gossips.map((gossip) => encodeGossip(gossip)),
]

test('what is kept of a message is a copy', () => {
  const codec = message('note/1', record({ data: bytes(100) }), 200)
  const encodedNote = codec.encode({ data: new Uint8Array(100).fill(1) })
  const { data } = codec.decode(encodedNote)
  encodedNote.fill(0)
  expect(data).toEqual(new Uint8Array(100).fill(1))
})

describe('hostile bytes', () => {
  test.each(decoders)('%s: arbitrary bytes give WireError and nothing else', (_name, decode) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        expect(codeOf(() => decode(data))).not.toBe('none')
      }),
      { numRuns: 2000 },
    )
  })

  test('mutated messages give WireError, or another value than the original', () => {
    const mutation = fc.record({
      which: fc.nat(encoded.length - 1),
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      with: fc.uint8Array({ maxLength: 4 }),
      drop: fc.nat(4),
    })
    fc.assert(
      fc.property(mutation, ({ which, at, with: inserted, drop }) => {
        const original = encoded[which] ?? new Uint8Array()
        const position = Math.floor(at * original.byteLength)
        const data = concat([original.subarray(0, position), inserted, original.subarray(position + drop)])
        for (const [name, decode] of decoders) {
          const code = codeOf(() => decode(data))
          if (code !== 'none') continue
          const again =
            name === 'delta'
              ? encodeDelta(decodeDelta(data))
              : name === 'op'
                ? encodeOp(decodeOp(data))
                : encodeGossip(decodeGossip(data))
          expect(equalBytes(again, data)).toBe(true)
        }
      }),
      { numRuns: 3000 },
    )
  })

  test('any CBOR value gives WireError', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: false, withDate: false, maxDepth: 4 }), (value) => {
        let data: Bytes
        try {
          data = cborEncode(['delta/1', value])
        } catch {
          // Not encodable, so it cannot arrive either.
          return
        }
        for (const [, decode] of decoders) expect(codeOf(() => decode(data))).not.toBe('none')
      }),
    )
  })

  test('deep nesting and many items are refused before anything is built', () => {
    expect(codeOf(() => decodeGossip(new Uint8Array(1_000_000).fill(0x81)))).toBe('WIRE_MALFORMED')
    const many = concat([fromHex('9a000f0000'), new Uint8Array(0x0f0000).fill(0xa0)])
    expect(codeOf(() => decodeGossip(many))).toBe('WIRE_MALFORMED')
    expect(codeOf(() => decodeGossip(fromHex('9bffffffffffffffff00')))).toBe('WIRE_MALFORMED')
    const nested = Array.from({ length: DEPTH_MAX + 1 }).reduce<unknown>((inner) => [inner], 0)
    expect(codeOf(() => decodeGossip(cborEncode(nested)))).toBe('WIRE_MALFORMED')
  })

  test('floats, tags, negative numbers, undefined and indefinite lengths are no part of any message', () => {
    for (const hex of ['fb3ff0000000000000', 'd82a4100', '20', 'f7', '9fff', '5fff', 'f800', '1c', 'ff']) {
      expect(codeOf(() => decodeGossip(fromHex(hex)))).toBe('WIRE_MALFORMED')
    }
  })
})

describe('one value, one byte form', () => {
  const sample = message('sample/1', record({ a: u64(), bb: text(10) }), 100)
  const canonical = sample.encode({ a: 1n, bb: 'x' })

  test('the canonical form decodes', () => {
    expect(sample.decode(canonical)).toEqual({ a: 1n, bb: 'x' })
  })

  test.each([
    ['a longer integer', '82 6873616d706c652f31 a2 6161 1801 626262 6178', 'WIRE_MALFORMED'],
    ['keys in another order', '82 6873616d706c652f31 a2 626262 6178 6161 01', 'WIRE_NOT_CANONICAL'],
    ['a key twice', '82 6873616d706c652f31 a3 6161 01 6161 01 626262 6178', 'WIRE_MALFORMED'],
    ['a longer text length', '82 6873616d706c652f31 a2 6161 01 626262 780178', 'WIRE_MALFORMED'],
    ['text that is no UTF-8', '82 6873616d706c652f31 a2 6161 01 626262 61ff', 'WIRE_NOT_CANONICAL'],
    ['a byte too many', '82 6873616d706c652f31 a2 6161 01 626262 6178 00', 'WIRE_MALFORMED'],
  ] as const)('%s is refused', (_name, hex, code) => {
    expect(codeOf(() => sample.decode(fromHex(hex.replaceAll(' ', ''))))).toBe(code)
  })

  test('a message of another kind or version is refused by name', () => {
    expect(codeOf(() => message('sample/2', record({ a: u64(), bb: text(10) }), 100).decode(canonical))).toBe(
      'WIRE_KIND',
    )
    expect(codeOf(() => decodeOp(encodeDelta(delta)))).toBe('WIRE_KIND')
  })

  test('nothing is encoded that would be refused', () => {
    expect(codeOf(() => sample.encode({ a: -1n, bb: '' }))).toBe('WIRE_SHAPE')
    expect(codeOf(() => sample.encode({ a: 1n << 64n, bb: '' }))).toBe('WIRE_SHAPE')
    expect(codeOf(() => sample.encode({ a: 0n, bb: 'ääääää' }))).toBe('WIRE_SHAPE')
  })
})

describe('shapes', () => {
  const decodeWith = <T>(codec: Codec<T>, raw: unknown) => codeOf(() => codec.decode(cborEncode(['x/1', raw])))

  test('fields are exact', () => {
    const codec = message('x/1', record({ a: uint(5) }, { b: uint(5) }), 1000)
    expect(decodeWith(codec, { a: 1 })).toBe('none')
    expect(decodeWith(codec, { a: 1, b: 2 })).toBe('none')
    for (const raw of [{}, { b: 1 }, { a: 1, c: 1 }, { a: 1, b: null }, { a: 6 }, { a: '1' }, [1], null, 'a']) {
      expect(decodeWith(codec, raw)).toBe('WIRE_SHAPE')
    }
  })

  test('the error says where', () => {
    const codec = message('x/1', record({ items: list(record({ a: uint(5) }), 3) }), 1000)
    expect(() => codec.decode(cborEncode(['x/1', { items: [{ a: 1 }, { a: 9 }] }]))).toThrow(
      'x/1.items[1].a: expected an integer from 0 to 5, got 9',
    )
  })

  test('ids have 32 bytes, sets ascend without repetition and are bounded', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((label) => idBytes(idOf<DeltaId>(label))).sort(Buffer.compare)
    const codec = message('x/1', idSet<DeltaId>(2), 1000)
    expect(decodeWith(codec, [a, b])).toBe('none')
    expect(decodeWith(codec, [b, a])).toBe('WIRE_NOT_CANONICAL')
    expect(decodeWith(codec, [a, a])).toBe('WIRE_NOT_CANONICAL')
    expect(decodeWith(codec, [a, b, c])).toBe('WIRE_SHAPE')
    expect(decodeWith(message('x/1', id<DeltaId>(), 1000), new Uint8Array(31))).toBe('WIRE_SHAPE')
  })

  test('tables keep their pairs in the order of the ids', () => {
    const codec = message('x/1', idTable<DeltaId, number>(uint(9), 5), 1000)
    const table = Object.fromEntries(['a', 'b', 'c', 'd'].map((label, index) => [idOf<DeltaId>(label), index]))
    expect(codec.decode(codec.encode(table))).toEqual(table)
    expect(decodeWith(codec, [[idBytes(idOf<DeltaId>('a')), 1, 2]])).toBe('WIRE_SHAPE')
  })

  test('every u64 survives, as bigint', () => {
    const codec = message('x/1', u64(), 1000)
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (n) => {
        expect(codec.decode(codec.encode(n))).toBe(n)
      }),
    )
  })
})

describe('deltas', () => {
  test('any payload survives sealing and opening', () => {
    const payloads = fc.record({
      artifact: fc.record({
        kind: fc.constantFrom('guest' as const, 'host' as const),
        bytes: fc.uint8Array({ maxLength: 2000 }),
      }),
      events: fc.array(
        fc.record({ kind: fc.string({ maxLength: 20, unit: 'grapheme-ascii' }), data: fc.uint8Array() }),
        { maxLength: 5 },
      ),
      depth: fc.nat(255),
    })
    fc.assert(
      fc.property(payloads, (value) => {
        const sealed = sealDelta({ header, payload: value, groupKey, signingKey: alice, random: seeded })
        const received = decodeDelta(encodeDelta(sealed))
        expect(received.id).toBe(sealed.id)
        expect(verifyDelta(received)).toBe(true)
        const opened = openDelta(received, groupKey)
        expect(Buffer.from(opened.artifact.bytes)).toEqual(Buffer.from(value.artifact.bytes))
        expect(opened.events.length).toBe(value.events.length)
      }),
      { numRuns: 50 },
    )
  })

  test('a changed header gives another id, and neither the signature nor the payload fits', () => {
    for (const change of [
      { hlc: hlc + 1n },
      { parents: [] },
      { governance: [] },
      { contextId: idOf<typeof contextId>('x') },
    ]) {
      const changed = decodeDelta(encodeDelta({ ...delta, ...change }))
      expect(changed.id).not.toBe(delta.id)
      expect(verifyDelta(changed)).toBe(false)
      expect(() => openDelta(changed, groupKey)).toThrow(KeyError)
    }
  })

  test('the same bytes are decoded and opened once, and for no other key', () => {
    const read = () => decodeDelta(encodeDelta({ ...delta }))
    expect(read()).toBe(read())
    expect(openDelta(read(), groupKey)).toBe(openDelta(read(), groupKey))
    expect(() => openDelta(read(), bytesOf('other'))).toThrow(KeyError)
    expect(() => openDelta({ ...read(), hlc: hlc + 1n }, groupKey)).toThrow(KeyError)
  })

  test('another key does not open it, another author does not verify', () => {
    expect(() => openDelta(delta, bytesOf('other'))).toThrow(KeyError)
    expect(verifyDelta({ ...delta, author: bob.publicKey })).toBe(false)
  })

  test('unsorted or too many parents and too many events are not sealed', () => {
    const seal = (change: object) =>
      codeOf(() => sealDelta({ header, payload, groupKey, signingKey: alice, random: seeded, ...change }))
    expect(seal({ header: { ...header, parents: parents.toReversed() } })).toBe('WIRE_NOT_CANONICAL')
    const many = Array.from({ length: PARENTS_MAX + 1 }, (_, index) => idOf<DeltaId>(`p${index}`)).sort()
    expect(seal({ header: { ...header, parents: many } })).toBe('WIRE_SHAPE')
    const events = Array.from({ length: EVENTS_MAX + 1 }, () => ({ kind: 'E', data: utf8('') }))
    expect(seal({ payload: { ...payload, events } })).toBe('WIRE_SHAPE')
  })

  test('a delta follows on from one of its parents', () => {
    const seal = (previous: number) =>
      codeOf(() => sealDelta({ header: { ...header, previous }, payload, groupKey, signingKey: alice, random: seeded }))
    expect([0, parents.length - 1, parents.length].map(seal)).toEqual(['none', 'none', 'WIRE_SHAPE'])
  })

  test('deltas beyond the cap are refused by size', () => {
    expect(codeOf(() => decodeOp(new Uint8Array(OP_BYTES_MAX + 1)))).toBe('WIRE_TOO_LARGE')
  })
})

describe('operations, invitations, heads', () => {
  test('an operation with a changed body, author or signature does not verify', () => {
    for (const op of ops) {
      expect(verifyOp(op)).toBe(true)
      expect(verifyOp(decodeOp(encodeOp({ ...op, hlc: op.hlc ^ 1n })))).toBe(false)
      expect(verifyOp({ ...op, signature: new Uint8Array(64) })).toBe(false)
    }
  })

  test('a join with a forged invitation does not verify', () => {
    const join = ops.find((op) => op.body.kind === 'member_joined')
    if (join?.body.kind !== 'member_joined') throw new Error('no join among the samples')
    const forged = { ...join.body.invitation, role: 'Admin' as const }
    expect(verifyInvitation(forged)).toBe(false)
    const { namespaceId, parents: opParents } = join
    const op = signOp({
      namespaceId,
      parents: opParents,
      hlc: 1n,
      body: { ...join.body, invitation: forged },
      signingKey: bob,
    })
    expect(verifyOp(op)).toBe(false)
  })

  test('the signed bytes of an invitation cover each of its facts', () => {
    const join = ops.find((op) => op.body.kind === 'member_joined')
    if (join?.body.kind !== 'member_joined') throw new Error('no join among the samples')
    const { invitation } = join.body
    const changes = [
      { inviter: bob.publicKey },
      { namespaceId: idOf<never>('n') },
      { groupId: idOf<never>('g') },
      { expiresAtSec: 1n },
      { salt: bytesOf('s') },
      { role: 'Admin' as const },
    ]
    const forms = changes.map((change) =>
      Buffer.from(encodeInvitationBody({ ...invitation, ...change })).toString('hex'),
    )
    expect(new Set([...forms, Buffer.from(encodeInvitationBody(invitation)).toString('hex')]).size).toBe(7)
  })

  test('heads verify only as their author said them', () => {
    const beat = gossips.find((gossip) => gossip.t === 'heads')
    if (beat?.t !== 'heads') throw new Error('no heads among the samples')
    expect(verifyHeads(beat)).toBe(true)
    expect(verifyHeads({ ...beat, heads: [] })).toBe(false)
    expect(verifyHeads({ ...beat, author: bob.publicKey })).toBe(false)
  })

  test('bounds of byte fields are exact', () => {
    const codec = message('x/1', bytes(4, 2), 100)
    expect([1, 2, 4, 5].map((length) => codeOf(() => codec.encode(new Uint8Array(length))))).toEqual([
      'WIRE_SHAPE',
      'none',
      'none',
      'WIRE_SHAPE',
    ])
  })
})
