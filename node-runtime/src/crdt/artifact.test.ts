import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, u64be, utf8 } from '../base/bytes.ts'
import { decodeArtifact, encodeArtifact, mergeArtifact } from './artifact.ts'
import { CrdtError } from './errors.ts'
import { STAMP_LEAD_MAX } from './limits.ts'
import { memoryState } from './memory-state.ts'
import { idOf, Replica } from './replica-fixture.ts'

/** Version 1, as first written. */
const VERSION_1 = [
  '01070000000000000000000000000000000000000000000000000000000000000000000100000000000003ef0108646f6375',
  '6d656e7401afe677844772d1ddf499f5c03eab22b11eb9721597746825ee420f3bba5f93920200000000000003eb0004676f',
  '6e6500000000000003e901036b65790576616c756503234a2bf529af42ac8c62d38ca03f22f9d65c53b25dcd4c8886d8ef56',
  '65b9d0050100000000000003ec0107656c656d656e740005afe677844772d1ddf499f5c03eab22b11eb9721597746825ee42',
  '0f3bba5f93920100000000000003ed0108726567697374657206afe677844772d1ddf499f5c03eab22b11eb9721597746825',
  'ee420f3bba5f93920100000000000000000107afe677844772d1ddf499f5c03eab22b11eb9721597746825ee420f3bba5f93',
  '920100000000000003ee01046d696e6508afe677844772d1ddf499f5c03eab22b11eb9721597746825ee420f3bba5f939201',
  '0666726f7a656e',
].join('')

const author = new Replica('author')
const [a, b] = [idOf('a'), idOf('b')]

function sample(): Uint8Array {
  const sent = author.call((s) => {
    s.mapInsert(a, utf8('key'), utf8('value'))
    s.mapInsert(a, utf8('gone'), utf8('value'))
    s.mapRemove(a, utf8('gone'))
    s.setInsert(b, utf8('element'))
    s.lwwSet(a, utf8('register'))
    s.counterIncrement(a)
    s.userStorageInsert(a, utf8('mine'))
    s.frozenStorageAdd(a, utf8('frozen'))
    s.persistRoot(utf8('document'), 1n, 2n)
  })
  return sent?.artifact ?? utf8('')
}

const artifact = sample()
const meta = { author: author.publicKey, hlc: 1n << 60n }

/** Merges and answers the code of the CrdtError; anything else fails the test. */
function outcome(bytes: Uint8Array): string {
  const state = memoryState()
  try {
    mergeArtifact(state, bytes, meta)
    return 'merged'
  } catch (error) {
    if (!(error instanceof CrdtError)) throw error
    expect(state.dump()).toEqual([])
    return error.code
  }
}

describe('an artifact', () => {
  it('decodes and encodes to the same bytes', () => {
    expect(toHex(encodeArtifact(decodeArtifact(artifact)))).toBe(toHex(artifact))
  })

  it('is refused whole when it is cut short or has bytes after its end', () => {
    for (let length = 0; length < artifact.length; length += 1) {
      expect(outcome(artifact.subarray(0, length))).toBe('CRDT_ARTIFACT_INVALID')
    }
    expect(outcome(concat([artifact, Uint8Array.of(0)]))).toBe('CRDT_ARTIFACT_INVALID')
  })

  it('throws nothing but CrdtError for hostile bytes, and what it accepts is the one encoding of its fragments', () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => concat([Uint8Array.of(1), bytes])),
      fc.array(fc.tuple(fc.nat(artifact.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }).map((edits) => {
        const bytes = new Uint8Array(artifact)
        for (const [at, byte] of edits) bytes[at] = byte
        return bytes
      }),
    )
    fc.assert(
      fc.property(hostile, (bytes) => {
        if (outcome(bytes) === 'merged') expect(toHex(encodeArtifact(decodeArtifact(bytes)))).toBe(toHex(bytes))
      }),
      { numRuns: 3000 },
    )
  })

  it('claims no more memory than it has bytes', () => {
    // A fragment count and a value length far beyond the input.
    const head = concat([Uint8Array.of(1, 1, 1), a])
    expect(outcome(concat([head, Uint8Array.of(0x9f, 0x8d, 0x06)]))).toBe('CRDT_ARTIFACT_INVALID')
    expect(outcome(concat([head, Uint8Array.of(1), u64be(1n), Uint8Array.of(1, 0xff, 0xff, 0x3f)]))).toBe(
      'CRDT_ARTIFACT_INVALID',
    )
    expect(outcome(Uint8Array.of(1, 0xff, 0xff, 0xff, 0xff, 0x7f))).toBe('CRDT_ARTIFACT_INVALID')
  })

  it('is refused when a stamp lies beyond the allowance above its delta, so that none can freeze a key', () => {
    const stamped = (stamp: bigint) =>
      concat([Uint8Array.of(1, 1, 1), a, Uint8Array.of(1), u64be(stamp), Uint8Array.of(0, 1, 0x6b)])
    const latest = meta.hlc + STAMP_LEAD_MAX
    expect(outcome(stamped(latest))).toBe('merged')
    expect(outcome(stamped(latest + 1n))).toBe('CRDT_ARTIFACT_INVALID')
  })

  it('writes only in the name of its author', () => {
    const other = new Replica('other')
    const state = memoryState()
    mergeArtifact(state, artifact, { author: other.publicKey, hlc: meta.hlc })
    other.state = state
    expect(other.session().counterGetExecutorCount(a, author.bytes)).toBe(0n)
    expect(other.session().counterGetExecutorCount(a, undefined)).toBe(1n)
    expect(other.session().userStorageGetForUser(a, author.account)).toBeUndefined()
  })

  it('still decodes as it was written first', () => {
    expect(toHex(artifact)).toBe(VERSION_1)
    expect(outcome(fromHex(VERSION_1))).toBe('merged')
  })
})
