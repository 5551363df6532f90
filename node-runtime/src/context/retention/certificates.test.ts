// Who has to be for a checkpoint, by who could write at its cut, who can now, and who was heard of.
import { expect, it } from 'vitest'
import { type ContextId, type DeltaId, idFromBytes, type OpId, type PublicKey, type RootHash } from '../../base/ids.ts'
import { keysOf } from '../../testing/test-node.ts'
import { type Checkpoint, checkpointHash, vouchFor } from '../../wire/checkpoint.ts'
import { Certificates } from './certificates.ts'

const CONTEXT = idFromBytes<ContextId>(new Uint8Array(32))
const LAST = 'a0'.repeat(32) as DeltaId
const judgedAt = (governance: readonly OpId[]): Checkpoint => ({
  contextId: CONTEXT,
  last: LAST,
  root: idFromBytes<RootHash>(new Uint8Array(32)),
  count: 1,
  chain: new Uint8Array(32),
  heads: [LAST],
  authors: {},
  recent: { counting: [LAST], voids: [], lost: [] },
  governance,
})

it('who was removed says nothing new of what it takes, and what it has said before counts on', () => {
  const [ada, bob, cyd] = ['ada', 'bob', 'cyd'].map((name) => keysOf(name).identity)
  if (!ada || !bob || !cyd) throw new Error('no keys')
  const checkpoint = judgedAt([])
  const [asAda, asBob] = [ada, bob].map((each) => vouchFor(checkpointHash(checkpoint), each))
  if (!asAda || !asBob) throw new Error('no vouches')
  const ofBob = new Certificates({
    record: { id: CONTEXT },
    authority: {
      writersAt: () => [ada, bob, cyd].map(({ publicKey }) => publicKey),
      mayRead: (_id: ContextId, key: PublicKey) => key !== bob.publicKey,
    },
    identity: bob,
  } as unknown as ConstructorParameters<typeof Certificates>[0])
  expect(ofBob.signed({ checkpoint, vouches: [asAda, asBob] }).vouches).toEqual([asAda, asBob])
  expect(ofBob.signed({ checkpoint, vouches: [asAda] }).vouches).toEqual([asAda])
})

const [THEN, NOW] = ['11', '22'].map((hex) => hex.repeat(32) as OpId) as [OpId, OpId]

/** Of one who holds a delta of each of `wrote`; who could write at the cut of the checkpoint, and who can now. */
function asked(then: readonly string[], now: readonly string[], wrote: readonly string[], last = LAST) {
  const keyOf = (name: string) => keysOf(name).identity.publicKey
  const checkpoint = { ...judgedAt([THEN]), last }
  const certificates = new Certificates({
    record: { id: CONTEXT },
    dag: { inOrder: () => wrote.map((name) => ({ id: LAST, author: keyOf(name), governance: [NOW] })) },
    authority: {
      writersAt: (_id: ContextId, cut: readonly OpId[]) => (cut.includes(NOW) ? now : then).map(keyOf),
      writers: () => now.map((name) => ({ publicKey: keyOf(name) })),
    },
    frontier: { beats: () => [] },
    identity: keysOf('ada').identity,
  } as unknown as ConstructorParameters<typeof Certificates>[0])
  return (...vouching: string[]) => {
    const vouches = vouching.map((name) => vouchFor(checkpointHash(checkpoint), keysOf(name).identity))
    return certificates.isBacked({ checkpoint, vouches }, undefined)
  }
}

it('who was removed, with any number whom it let in where nobody knew of that, replaces nothing without those who are left', () => {
  const invented = ['s1', 's2', 's3', 's4']
  const isBacked = asked(['ada', 'bob', 'cyd', 'eve', ...invented], ['ada', 'cyd', 'eve'], ['ada', 'cyd', 'eve'])
  expect(isBacked('bob', ...invented)).toBe(false)
  expect(isBacked('bob', ...invented, 'cyd')).toBe(true)
})

it('who is the only one that was heard of is not half of all', () => {
  const members = ['ada', 'bob', 'cyd', 'dan', 'eve', 'fay']
  expect(asked(['bob'], members, ['ada'])('bob')).toBe(false)
  expect(asked(['bob'], members, members)('bob')).toBe(false)
  expect(asked(['bob', 'cyd'], members, ['ada'])('bob', 'cyd')).toBe(true)
  // Of two one is half.
  expect(asked(['bob'], ['ada', 'bob'], ['ada'])('bob')).toBe(true)
})

it('half of those who are heard of is not enough while somebody else who was let in is not', () => {
  const then = ['ada', 'bob', 'dan']
  const isBacked = (now: readonly string[], wrote: readonly string[]) => asked(then, now, wrote)('ada', 'bob')
  expect(isBacked(['ada', 'bob', 'dan', 'xan', 'yul'], ['ada', 'bob', 'dan', 'xan'])).toBe(false)
  // Who was let in and is gone again is waited for no more.
  expect(isBacked(['ada', 'bob', 'dan', 'xan'], ['ada', 'bob', 'dan', 'xan'])).toBe(true)
})

it('who was removed while away and let in again counts as who is there', () => {
  const isBacked = asked(['fay', 'xan', 'yul'], ['fay', 'xan', 'yul'], ['fay', 'xan'])
  expect(isBacked('fay')).toBe(false)
  expect(isBacked('fay', 'xan')).toBe(true)
})

it('who alone is left, or has heard of nobody else, is asked itself', () => {
  const then = ['ada', 'bob', 'cyd']
  for (const now of [['ada'], ['ada', 'eve']]) {
    expect(asked(then, now, ['ada'])('bob', 'cyd')).toBe(false)
    expect(asked(then, now, ['ada'])('ada', 'bob', 'cyd')).toBe(true)
    // What it holds was written behind the end: nothing of that is replaced.
    expect(asked(then, now, ['ada'], `90${LAST.slice(2)}` as DeltaId)('bob', 'cyd')).toBe(true)
  }
})
