// What members say of themselves in their signed heads.
import { describe, expect, it } from 'vitest'
import type { ContextId, PublicKey, RootHash } from '../../base/ids.ts'
import { type SigningKey, signingKeyFromSeed } from '../../base/keys.ts'
import { type HeadsBeat, signHeads } from '../../wire/gossip.ts'
import { Frontier } from './frontier.ts'

const contextId = '11'.repeat(32) as ContextId
const keyOf = (fill: number): SigningKey => signingKeyFromSeed(new Uint8Array(32).fill(fill))
const [self, member, other] = [keyOf(1), keyOf(2), keyOf(3)]

interface Scene {
  readonly frontier: Frontier
  readonly writers: Set<PublicKey>
  readonly readers: Set<PublicKey>
}

/** `member` and `other` may read. */
function scene(): Scene {
  const writers = new Set<PublicKey>()
  const readers = new Set([member.publicKey, other.publicKey])
  const authority = {
    mayWrite: (_: ContextId, key: PublicKey) => writers.has(key),
    mayRead: (_: ContextId, key: PublicKey) => readers.has(key),
  }
  const parts = { record: { id: contextId }, authority, identity: self, nowMs: () => 10_000, acknowledged: [] }
  const frontier = new Frontier(parts as unknown as ConstructorParameters<typeof Frontier>[0])
  return { frontier, writers, readers }
}

function said(hlc: bigint, version: number, by = member): HeadsBeat {
  const facts = { contextId, heads: [], root: '22'.repeat(32) as RootHash, removals: new Uint8Array(32) }
  return signHeads({ ...facts, state: { version }, hlc }, by)
}

describe('of members', () => {
  it('that may only read the latest counts, and that it says something else is news', () => {
    const { frontier } = scene()
    const [first, same, later] = [said(1n, 2), said(2n, 2), said(3n, 3)]
    // It vouches for nothing.
    expect(frontier.take(first)).toBe(false)
    expect([frontier.beatOf(member.publicKey), frontier.heardOfStates()]).toEqual([first, true])
    frontier.take(same)
    expect(frontier.heardOfStates()).toBe(false)
    frontier.take(later)
    expect(frontier.heardOfStates()).toBe(true)
    frontier.take(first)
    expect([frontier.beatOf(member.publicKey), frontier.heardOfStates()]).toEqual([later, false])
  })

  it('that are lowered and raised the latest counts, in whatever role it was said', () => {
    const { frontier, writers } = scene()
    const [written, read, again] = [said(1n, 2), said(2n, 3), said(3n, 4)]
    writers.add(member.publicKey)
    expect(frontier.take(written)).toBe(true)
    expect(frontier.heardOfStates()).toBe(true)
    writers.clear()
    frontier.take(read)
    expect([frontier.beatOf(member.publicKey), frontier.heardOfStates()]).toEqual([read, true])
    frontier.take(written)
    expect([frontier.beatOf(member.publicKey), frontier.heardOfStates()]).toEqual([read, false])
    writers.add(member.publicKey)
    expect(frontier.take(again)).toBe(true)
    expect([frontier.beatOf(member.publicKey), frontier.heardOfStates()]).toEqual([again, true])
  })

  it('that are no readers any more nothing is kept when another one is heard of', () => {
    const { frontier, readers } = scene()
    frontier.take(said(1n, 2))
    readers.delete(member.publicKey)
    frontier.take(said(1n, 2, other))
    expect([frontier.beatOf(member.publicKey), frontier.beatOf(other.publicKey)]).toEqual([
      undefined,
      said(1n, 2, other),
    ])
  })
})
